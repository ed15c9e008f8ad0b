"""The runs that are served, and which of them takes what."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regard import Loaded, load
from regard.data.corpus.base import languages
from regard.recipe import UserError
from regard.run import Run
from regard.serve.settings import Config
from regard.tasks.classifier import Classifier
from regard.tasks.pair_scorer import PairScorer

Used = Classifier | PairScorer
READS = ("texts", "pairs")  # by the columns of a run, what a request calls its rows


class Runs:
    """Runs by name, in the order in which they were given; the first that fits answers."""

    def __init__(self, loaded: Mapping[str, Any]):
        self.all = dict(loaded)
        self.translators = {n: x for n, x in self.all.items() if isinstance(x, Loaded)}
        self.classifiers: dict[str, Used] = {
            name: one for name, one in self.all.items() if name not in self.translators
        }
        self.ways: dict[tuple[str, str], tuple[str, str]] = {}  # languages -> run, direction
        for name, translator in self.translators.items():
            for direction in translator.directions:
                self.ways.setdefault(languages(direction), (name, direction))

    def __getitem__(self, name: str) -> Loaded:
        return self.translators[name]

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

    def translate(self) -> None:
        """Raises UserError if no run does."""
        if not self.translators:
            raise UserError(
                f"no run here translates; {', '.join(self.all)} answers at POST /v1/classify"
            )

    def find(self, source: str, target: str) -> tuple[str, str]:
        """The run for a pair of languages, and its direction.

        Raises UserError, which says what there is, if no run takes the pair.
        """
        self.translate()
        if (source, target) not in self.ways:
            there = ", ".join(self.directions)
            raise UserError(
                f"no run translates {source[:40]!r} to {target[:40]!r}; there is {there}"
            )
        return self.ways[source, target]

    def classifier(self, name: str | None, columns: int) -> str:
        """The name of the run that judges rows of so many texts: this one, or the first.

        Raises UserError, which says what there is, if none does.
        """
        known = self.classifiers
        there = [f"{name} ({READS[one.columns - 1]})" for name, one in known.items()]
        fit = [n for n, one in known.items() if one.columns == columns and name in (None, n)]
        if fit:
            return fit[0]
        if not known:
            raise UserError("no run here classifies; the runs of this server translate")
        asked = f"run: {name[:40]!r} judges no" if name is not None else "no run judges"
        raise UserError(f"{asked} {READS[columns - 1]}; there is {', '.join(there)}")


def free(name: str, taken: Mapping[str, Any]) -> str:
    """The name, numbered if it is taken."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def opened(settings: Config) -> Runs:
    """The runs of these settings, loaded. Raises UserError if one is not whole."""
    found: dict[str, Any] = {}
    for folder in settings.runs:
        translates = Run(folder).recipe.verb == "translate"
        how = {"engine": settings.engine} if translates else {}
        one = load(folder, device=settings.device, **how)
        if not translates and not isinstance(one, Used):
            raise UserError(f"{folder}: a run of {Run(folder).recipe.task} cannot be served")
        found[free(Path(folder).resolve().name, found)] = one
    return Runs(found)
