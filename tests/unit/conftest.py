"""What several files here share."""

import pytest
from tiny import tiny
from training_toys import Server

from regard.run import Run


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory) -> Run:
    """A run trained in a few seconds."""
    return tiny(tmp_path_factory.mktemp("tiny") / "run")


@pytest.fixture(scope="module")
def server():
    """Processes forked from one that has everything imported."""
    server = Server()
    yield server
    server.close()
