"""A tiny run, and a real server of it on loopback."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
from reviews import reviews  # noqa: E402  (shared with the unit tests)
from serving import Running, running  # noqa: E402
from tiny import tiny  # noqa: E402  (shared with the unit tests)

import regard  # noqa: E402
from regard.run import Run  # noqa: E402


@pytest.fixture(scope="session")
def ko_en(tmp_path_factory) -> Run:
    """A run of Korean to English that has learnt a bit."""
    return tiny(tmp_path_factory.mktemp("served") / "ko_en")


@pytest.fixture(scope="session")
def both(tmp_path_factory) -> Run:
    """A run of both directions that has learnt next to nothing."""
    return tiny(
        tmp_path_factory.mktemp("served") / "both",
        "data.directions=[en-ko, ko-en]", "train.steps=10", "train.every=10",
    )  # fmt: skip


@pytest.fixture(scope="session")
def film(tmp_path_factory) -> Run:
    """A run that tells good reviews from bad ones."""
    return reviews(tmp_path_factory.mktemp("served") / "film")


@pytest.fixture(scope="session")
def mt(ko_en):
    """The same run, offline."""
    return regard.load(ko_en, device="cpu").translator


@pytest.fixture(scope="session")
def server(ko_en, both, film):
    """One server for all tests that leave it as it is."""
    with running(ko_en, both, film) as found:
        yield found


@pytest.fixture
def alone(ko_en):
    """Makes servers of a test's own."""
    opened = []

    def make(*runs, **settings) -> Running:
        made = running(*(runs or [ko_en]), **settings)
        opened.append(made)
        return made.__enter__()

    yield make
    for made in opened:
        made.__exit__(None, None, None)
