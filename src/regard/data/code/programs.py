"""Programs that solve problems: gathered from folders, normalised, each once."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from regard.data.code.entry import anonymous, solutions
from regard.data.code.layouts import Place, place
from regard.data.code.normal import parsed, written
from regard.recipe import UserError

FEWEST, MOST = 2, 12  # programs of a problem


class Program(NamedTuple):
    """One solution; the ids name problem and author, and are never shown to a model."""

    id: str
    problem_id: str
    author: str
    code: str

    @property
    def site(self) -> str:
        """Where the problem is from."""
        return self.problem_id.partition("/")[0]


class Gathered(NamedTuple):
    """The programs, how many of each kind of file were left out, and the first that failed."""

    programs: list[Program]
    left_out: Counter[str]
    failed: list[str]


def gather(folders: Sequence[Path], seed: int) -> Gathered:
    """All solutions in these folders, in the order of their paths, each code once.

    Raises UserError if a folder is missing, or holds no problem with two solutions.
    """
    left_out: Counter[str] = Counter()
    failed: list[str] = []
    programs: list[Program] = []
    seen: set[str] = set()
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder")
        for path in sorted(folder.rglob("*.py")):
            where = place(folder, path)
            if where is None:
                left_out["no solution by its path"] += 1
                continue
            try:
                codes = codes_of(path.read_text("utf-8"), where.site)
            except (UserError, UnicodeDecodeError) as error:
                left_out["not Python 3"] += 1
                failed.append(f"{path}: {error}")
                continue
            new = [code for code in codes if code not in seen]
            left_out["equal to another"] += len(codes) - len(new)
            seen.update(new)
            programs += named(new, where, path.stem)
    return Gathered(several(programs, seed, left_out), left_out, failed)


def codes_of(code: str, site: str) -> list[str]:
    """The programs of a file, normalised; blank ones left out."""
    trees = solutions(parsed(code)) if site == "leetcode" else [parsed(code)]
    for tree in trees:
        if site == "leetcode":
            anonymous(tree)
    return [code for code in map(written, trees) if code.strip()]


def named(codes: Iterable[str], where: Place, stem: str) -> list[Program]:
    """Programs of one file."""
    problem = f"{where.site}/{where.problem}"
    return [
        Program(f"{problem}/{where.author}/{stem}#{number}", problem, where.author, code)
        for number, code in enumerate(codes, 1)
    ]


def several(programs: list[Program], seed: int, left_out: Counter[str]) -> list[Program]:
    """Those of problems with two or more; of very many, some drawn."""
    problems: dict[str, list[Program]] = defaultdict(list)
    for program in programs:
        problems[program.problem_id].append(program)
    found, rng = [], random.Random(seed)
    for problem in sorted(problems):
        group = problems[problem]
        chosen = rng.sample(group, MOST) if len(group) > MOST else group
        chosen = chosen if len(chosen) >= FEWEST else []
        left_out["alone with its problem" if not chosen else f"beyond {MOST} of a problem"] += len(
            group
        ) - len(chosen)
        found += chosen
    if not found:
        raise UserError(f"{len(programs)} programs, but no problem has two that differ")
    return found
