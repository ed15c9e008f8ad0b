"""The runs that are served, and which of them takes what."""

from collections.abc import Sequence
from pathlib import Path

from regard import Loaded, load
from regard.data.corpus.base import languages
from regard.recipe import UserError
from regard.serve.settings import Config


class Runs:
    """Runs by name, in the order in which they were given; the first that fits answers."""

    def __init__(self, loaded: Sequence[Loaded]):
        self.all: dict[str, Loaded] = {}
        for one in loaded:
            self.all[free(Path(one.runs[0].folder).resolve().name, self.all)] = one
        self.ways: dict[tuple[str, str], tuple[str, str]] = {}  # languages -> run, direction
        for name, one in self.all.items():
            for direction in one.directions:
                self.ways.setdefault(languages(direction), (name, direction))

    def __getitem__(self, name: str) -> Loaded:
        return self.all[name]

    @property
    def directions(self) -> list[str]:
        """All that can be asked for."""
        return [f"{source}-{target}" for source, target in self.ways]

    @property
    def languages(self) -> list[str]:
        """All that are read or written, in the order of the directions."""
        return list(dict.fromkeys(language for way in self.ways for language in way))

    def sources(self, target: str) -> list[str]:
        """What can be translated into a language."""
        return [source for source, into in self.ways if into == target]

    def targets(self, source: str) -> list[str]:
        """What a language can be translated into."""
        return [target for of, target in self.ways if of == source]

    def find(self, source: str, target: str) -> tuple[str, str]:
        """The run for a pair of languages, and its direction.

        Raises UserError, which says what there is, if no run takes the pair.
        """
        if (source, target) not in self.ways:
            there = ", ".join(self.directions)
            raise UserError(
                f"no run translates {source[:40]!r} to {target[:40]!r}; there is {there}"
            )
        return self.ways[source, target]


def free(name: str, taken: dict[str, Loaded]) -> str:
    """The name, numbered if it is taken."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def opened(settings: Config) -> Runs:
    """The runs of these settings, loaded. Raises UserError if one is not whole."""
    return Runs(
        [load(run, device=settings.device, engine=settings.engine) for run in settings.runs]
    )
