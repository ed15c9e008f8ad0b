"""What every check of the doctor sees (`Corpus`), says (`Finding`), and all together (`Report`)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from regard.data.doctor.text import normalise

Pair = tuple[str, str]
Severity = Literal["error", "warning", "note"]
Fix = Literal["drop", "swap", "none"]

WHOLE = 0  # the line number of a finding about a whole split


class Finding(NamedTuple):
    """One fault: where it is, how it looks, why it is one, and what a clean copy does about it.

    `line` counts from 1; `WHOLE` (0) speaks of the whole split and shows its first row.
    """

    check: str
    severity: Severity
    split: str
    line: int
    source: str
    target: str
    why: str
    fix: Fix


class Row(NamedTuple):
    """A numbered row of one split."""

    line: int
    source: str
    target: str


@dataclass
class Corpus:
    """The rows as the checks see them: swapped rows put right, rows already condemned left out."""

    splits: dict[str, list[Pair]]
    languages: tuple[str, str]
    condemned: set[tuple[str, int]] = field(default_factory=set)
    _keys: dict[tuple[str, int], list[str]] = field(default_factory=dict)

    @property
    def training(self) -> str:
        """The split that is trained on: `train`, or else the largest."""
        if "train" in self.splits:
            return "train"
        return max(self.splits, key=lambda name: len(self.splits[name]))

    @property
    def held_out(self) -> list[str]:
        return [name for name in self.splits if name != self.training]

    def live(self, split: str) -> Iterator[Row]:
        """Yield the rows of a split that no earlier check has condemned."""
        for line, (source, target) in enumerate(self.splits[split], 1):
            if (split, line) not in self.condemned:
                yield Row(line, source, target)

    def keys(self, split: str, side: int) -> list[str]:
        """Return the normalised text of side 0 or 1 of every row of a split, condemned or not."""
        if (split, side) not in self._keys:
            self._keys[split, side] = [normalise(pair[side]) for pair in self.splits[split]]
        return self._keys[split, side]

    def finding(
        self, check: str, severity: Severity, split: str, line: int, why: str, fix: Fix = "none"
    ) -> Finding:
        """Return a finding about a row as it stands now.

        Held-out rows are never dropped for being odd: a cleaned test set has to stay the same
        test set. Only a row with nothing on one side has to go, for it cannot be scored.
        """
        source, target = self.splits[split][max(line, 1) - 1]
        if fix == "drop" and split != self.training and check != "empty":
            fix = "none"
        return Finding(check, severity, split, line, source, target, why, fix)

    def take(self, findings: Sequence[Finding]) -> None:
        """Put swapped rows right and condemn faulty ones, so that one row is told one fault.

        A note condemns nobody, and a swapped row lives on, for put right it may still be a leak.
        """
        for found in findings:
            if found.fix == "swap":
                _swap(self.splits[found.split], found.line)
                self._keys.clear()
            elif found.severity != "note":
                self.condemned.add((found.split, found.line))


def _swap(rows: list[Pair], line: int) -> None:
    chosen = range(len(rows)) if line == WHOLE else [line - 1]
    for index in chosen:
        source, target = rows[index]
        rows[index] = (target, source)


@dataclass(frozen=True)
class Report:
    """All that `diagnose` found in `splits`, which stay as they were given."""

    splits: Mapping[str, Sequence[Pair]]
    languages: tuple[str, str]
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many findings each check has, in the order of the checks."""
        return dict(Counter(found.check for found in self.findings))

    @property
    def totals(self) -> dict[str, int]:
        """Rows in all, rows that a clean copy keeps, drops and swaps, and findings by severity."""
        rows = sum(len(pairs) for pairs in self.splits.values())
        severities = Counter(found.severity for found in self.findings)
        dropped = len({(f.split, f.line) for f in self.findings if f.fix == "drop"})
        swapped = sum(
            len(self.splits[f.split]) if f.line == WHOLE else 1
            for f in self.findings
            if f.fix == "swap"
        )
        return {
            "rows": rows,
            "kept": rows - dropped,
            "dropped": dropped,
            "swapped": swapped,
            "errors": severities["error"],
            "warnings": severities["warning"],
            "notes": severities["note"],
        }

    def shown(self, limit: int = 5) -> dict[str, list[Finding]]:
        """Return the first `limit` findings of each check."""
        chosen: dict[str, list[Finding]] = {check: [] for check in self.counts}
        for found in self.findings:
            if len(chosen[found.check]) < limit:
                chosen[found.check].append(found)
        return chosen

    def as_dict(self, limit: int = 5) -> dict[str, object]:
        """Return the report for `--json`: every count, and `limit` findings of each check."""
        return {
            "languages": list(self.languages),
            "rows": {name: len(pairs) for name, pairs in self.splits.items()},
            "totals": self.totals,
            "counts": self.counts,
            "findings": {
                check: [found._asdict() for found in chosen]
                for check, chosen in self.shown(limit).items()
            },
        }

    def cleaned(self) -> dict[str, list[Pair]]:
        """Return the rows to keep, in their order, the swapped ones put right."""
        rows = {name: list(pairs) for name, pairs in self.splits.items()}
        for found in self.findings:
            if found.fix == "swap":
                _swap(rows[found.split], found.line)
        dropped = {(f.split, f.line) for f in self.findings if f.fix == "drop"}
        return {
            name: [pair for line, pair in enumerate(pairs, 1) if (name, line) not in dropped]
            for name, pairs in rows.items()
        }
