"""Systems measured in alternation: who fails is named and left out, the rest goes on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regard.bench.alternate import Spread, hardest, orders, ratio
from regard.bench.process import System, measure
from regard.recipe import UserError
from regard.run import facts

Say = Callable[[str], None]
Measure = Callable[[System, Mapping[str, Any], Path], dict[str, Any]]
OURS = "ours"


@dataclass
class Rounds:
    """What every round gave, by system, and the sentences of those that failed."""

    found: list[dict[str, dict[str, Any]]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def values(self, key: str) -> list[dict[str, float]]:
        """One figure of every round, by system, where it was measured."""
        return [
            {name: float(got[key]) for name, got in turn.items() if key in got}
            for turn in self.found
        ]

    def all(self, name: str, key: str) -> list[float]:
        """A system's figure, round by round, where it was measured."""
        return [turn[name] for turn in self.values(key) if name in turn]

    def spread(self, name: str, key: str) -> Spread | None:
        """A system's figure over the rounds; None if it has none."""
        values = self.all(name, key)
        return Spread.of(values) if values else None

    def last(self, name: str) -> dict[str, Any]:
        """A system's newest answer; empty if it never gave one."""
        return next((turn[name] for turn in reversed(self.found) if name in turn), {})


def alternate(
    systems: Sequence[System],
    settings: Mapping[str, Any],
    rounds: int,
    out: Path,
    say: Say,
    measure: Measure = measure,
) -> Rounds:
    """Measure every system once a round; each round has its own seed.

    Raises UserError if ours fails; a peer that fails is left out from then on.
    """
    by_name = {system.name: system for system in systems}
    seed = int(settings["seed"])
    made = Rounds()
    for number, order in enumerate(orders(list(by_name), rounds, seed)):
        turn: dict[str, dict[str, Any]] = {}
        made.found.append(turn)
        for name in order:
            if name in made.failed:
                continue
            try:
                turn[name] = measure(by_name[name], {**settings, "seed": seed + number}, out)
            except UserError as error:
                if name == OURS:
                    raise
                made.failed[name] = str(error)
                say(str(error))
                continue
            say(f"round {number + 1}/{rounds} {name}: {told(turn[name])}")
    return made


def told(got: Mapping[str, Any]) -> str:
    """The first figure of an answer, for whoever watches."""
    key, value = next(iter(got.items()))
    return f"{value:,.1f} {key}"


def beside(
    made: Rounds,
    peers: Mapping[str, Sequence[str]],
    key: str,
    more_is_better: bool = True,
    ours: str = OURS,
) -> dict[str, dict[str, Any]]:
    """For every variant of every peer ours against it, and whether it is the one that counts."""
    found: dict[str, dict[str, Any]] = {}
    values = made.values(key)
    for variants in peers.values():
        ratios = {
            name: spread for name in variants
            if (spread := ratio(values, ours, name, more_is_better)) is not None
        }  # fmt: skip
        if ratios:
            best = hardest(ratios)
            found |= {n: {"ratio": r, "counts": n == best} for n, r in ratios.items()}
    return found


def here() -> dict[str, Any]:
    """Machine, date, versions of ours."""
    known = facts()
    return {key: known[key] for key in ("hardware", "date", "commit", "versions")}
