"""Pairs of programs: the same problem or not, for training on some problems and trying others."""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from regard.data.code.programs import Program
from regard.recipe import UserError

SHARES = {"train": 0.86, "dev": 0.05, "test": 0.09}  # of the problems
FEWEST = 2  # problems of a split
DRAWN = 60  # other programs, of which a hard negative is the most alike
WORDS = re.compile(r"\w+|[^\w\s]")


class Pair(NamedTuple):
    """Two programs; `hard`: of different problems, and chosen for being alike."""

    a: Program
    b: Program
    same: bool
    hard: bool = False

    def row(self) -> dict[str, str]:
        """As a line of the set; the ids are for slices, never for a model."""
        return {
            "code_a": self.a.code, "code_b": self.b.code,
            "same": "same" if self.same else "different",
            "id_a": self.a.id, "id_b": self.b.id,
            "problem_a": self.a.problem_id, "problem_b": self.b.problem_id,
            "kind": "same" if self.same else "hard" if self.hard else "random",
        }  # fmt: skip


def split(programs: Sequence[Program], seed: int) -> dict[str, list[Program]]:
    """Programs by split; a problem is in one alone.

    Raises UserError if there are too few problems: a split takes two to have pairs that differ.
    """
    problems = sorted({program.problem_id for program in programs})
    if len(problems) < FEWEST * len(SHARES):
        least = FEWEST * len(SHARES)
        raise UserError(f"{len(problems)} problems with solutions that differ; a set takes {least}")
    random.Random(seed).shuffle(problems)
    dev, test = (max(round(len(problems) * SHARES[name]), FEWEST) for name in ("dev", "test"))
    cuts = {"dev": problems[:dev], "test": problems[dev : dev + test]}
    name_of = {problem: name for name, part in cuts.items() for problem in part}
    found: dict[str, list[Program]] = {name: [] for name in SHARES}
    for program in programs:
        found[name_of.get(program.problem_id, "train")].append(program)
    return found


def pairs(programs: Sequence[Program], per: int, seed: int) -> list[Pair]:
    """Half of them same: up to `per` of each program, and as many with another problem's."""
    rng = random.Random(seed)
    same = list(positives(programs, per, rng))
    others = Others(programs, rng)
    different = []
    for number, pair in enumerate(same):
        found = others.negative(pair.a if rng.random() < 0.5 else pair.b, hard=number % 2 == 0)
        if found:
            different.append(found)
    mixed = same[: len(different)] + different
    rng.shuffle(mixed)
    return mixed


def positives(programs: Sequence[Program], per: int, rng: random.Random) -> Iterator[Pair]:
    """Each program with others of its problem, by other authors where there are any."""
    problems: dict[str, list[Program]] = defaultdict(list)
    for program in programs:
        problems[program.problem_id].append(program)
    found = []
    for group in problems.values():
        made: set[frozenset[str]] = set()
        for one in group:
            rest = [p for p in group if p is not one]
            foreign = [p for p in rest if p.author != one.author]
            choice = foreign or rest
            for other in rng.sample(choice, min(per, len(choice))):
                if frozenset((one.id, other.id)) not in made:
                    made.add(frozenset((one.id, other.id)))
                    found.append(Pair(one, other, True))
    rng.shuffle(found)
    yield from found


class Others:
    """Finds programs of other problems, from the same site, by another author where possible."""

    def __init__(self, programs: Sequence[Program], rng: random.Random):
        self.rng, self.made = rng, set[frozenset[str]]()
        self.words = {program.id: words(program.code) for program in programs}
        self.sites: dict[str, list[Program]] = defaultdict(list)
        for program in programs:
            self.sites[program.site].append(program)

    def negative(self, one: Program, hard: bool) -> Pair | None:
        """A new pair; None if there is no other problem."""
        choice = [p for p in self.drawn(one) if frozenset((one.id, p.id)) not in self.made]
        if not choice:
            return None
        mine = self.words[one.id]
        other = max(choice, key=lambda p: overlap(mine, self.words[p.id])) if hard else choice[0]
        self.made.add(frozenset((one.id, other.id)))
        a, b = (one, other) if self.rng.random() < 0.5 else (other, one)
        return Pair(a, b, False, hard)

    def drawn(self, one: Program) -> list[Program]:
        """Some that may be."""
        here = self.sites[one.site]
        some = self.rng.sample(here, min(len(here), DRAWN * 3))
        other = [p for p in some if p.problem_id != one.problem_id]
        foreign = [p for p in other if p.author != one.author]
        return (foreign or other)[:DRAWN]


def words(code: str) -> frozenset[str]:
    """The set of its words and signs."""
    return frozenset(WORDS.findall(code))


def overlap(a: frozenset[str], b: frozenset[str]) -> float:
    """Jaccard's: the share of what either has that both have."""
    return len(a & b) / max(len(a | b), 1)
