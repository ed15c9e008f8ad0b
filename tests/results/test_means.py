"""The tables of means: over seeds with Student's interval, gains seed by seed."""

import importlib.util
from pathlib import Path

import pytest
from scipy.stats import t

from regard import results
from regard.evaluate.scores import Score

ROOT = Path(__file__).resolve().parents[2]
FACTS = {"set": "test", "command": "regard curve x", "wall_s": 1.0}


@pytest.fixture
def tables():
    spec = importlib.util.spec_from_file_location("tables", ROOT / "tools" / "tables.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def keep(folder: Path, name: str, value: float, seed: int, **more) -> None:
    """A figure."""
    facts = {**FACTS, "seeds": [seed], **more}
    results.record(folder, name, Score("accuracy", value, "answers:labels"), [str(value)], facts)


def test_means_and_gains(tmp_path, tables):
    scratch, started = [60.0, 64.0, 62.0], [70.0, 71.0, 75.0]
    for seed in (1, 2, 3):
        keep(tmp_path, "classify/few.from_scratch.1000", scratch[seed - 1], seed)
        keep(tmp_path, "classify/few.old.1000", started[seed - 1], seed)
        keep(tmp_path, "classify/few.old.300", 50.0, seed)
    made = tables.means(tmp_path, "classify/few.", "accuracy")
    lines = made.splitlines()
    gains = [b - a for a, b in zip(scratch, started, strict=True)]
    middle = sum(gains) / 3
    spread = (sum((x - middle) ** 2 for x in gains) / 2) ** 0.5
    reach = t.ppf(0.975, 2) * spread / 3**0.5
    assert f"| {middle:+.2f} ({middle - reach:+.2f} to {middle + reach:+.2f}) | 3 |" in made
    assert [line.split("|")[1].strip() for line in lines[2:5]] == [
        "old.300", "from_scratch.1000", "old.1000"
    ]  # fmt: skip
    assert "| old.300 | test | 50.00 (50.00 to 50.00) | – | 3 |" in made  # with nothing to compare
    assert "| 62.00 (57.03 to 66.97) | – |" in lines[3] and made.endswith("By `regard curve x`.\n")


def test_known_intervals_and_gains_are_shown(tmp_path, tables):
    keep(tmp_path, "pairs/a", 80.0, 1, interval=[78.0, 80.0, 82.0], gain=[10.0, 12.5, 15.0])
    made = tables.means(tmp_path, "pairs/", "accuracy")
    assert "| a | test | 80.00 (78.00 to 82.00) | +12.50 (+10.00 to +15.00) | 1 |" in made
    assert tables.means(tmp_path, "nothing/", "accuracy") == ""
    page = tmp_path / "README.md"
    page.write_text("<!-- means: results/ accuracy -->\n<!-- end -->\n", "utf-8")
    assert tables.filled(page.read_text("utf-8"), tmp_path) == page.read_text("utf-8")
