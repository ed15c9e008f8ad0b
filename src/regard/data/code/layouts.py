"""Where repositories of solutions keep them: one pattern each, and one for any other folder.

Named groups of a pattern make up the problem, so that solutions in different repositories meet. A
repository is told by its folder's name, OWNER+NAME or OWNER/NAME.
"""

import re
from pathlib import Path
from typing import NamedTuple

CONTEST = r"(?P<contest>a[brg]c\d{3}|past\d+|typical90|dp|tessoku-book|math-and-algorithm)"


class Layout(NamedTuple):
    """Which site and author, and what a solution's path in the folder looks like."""

    site: str
    author: str
    pattern: str


class Place(NamedTuple):
    """What a path says of a solution."""

    site: str
    problem: str
    author: str


LAYOUTS = {
    "walkccc/LeetCode": Layout("leetcode", "walkccc", r"solutions/\d+\. (?P<title>[^/]+)/[^/]+"),
    "kamyu104/LeetCode-Solutions": Layout("leetcode", "kamyu104", r"Python/(?P<title>[^/]+)"),
    "neetcode-gh/leetcode": Layout("leetcode", "neetcode-gh", r"python/\d+-(?P<title>[^/]+)"),
    "qiyuangong/leetcode": Layout("leetcode", "qiyuangong", r"python/\d+_(?P<title>[^/]+)"),
    "doocs/leetcode": Layout(
        "leetcode", "doocs", r"solution/[^/]+/\d+\.(?P<title>[^/]+)/Solution\d*"
    ),
    "KATO-Hiro/AtCoder": Layout(
        "atcoder",
        "KATO-Hiro",
        rf"(?:.+/)?{CONTEST}[^/]*/(?P<task>[a-z]{{1,2}})(?:/(?:main\w*|[a-z]))?",
    ),
    "c-yan/atcoder": Layout(
        "atcoder", "c-yan", rf"(?:.+/)?{CONTEST}_(?P<task>[a-z0-9]{{1,2}})(?:-\d+)?"
    ),
    "TheAlgorithms/Python": Layout(
        "euler", "TheAlgorithms", r"project_euler/problem_(?P<number>\d+)/sol\d+"
    ),
}
ANY = r"(?P<problem>[^/]+)/(?P<author>[^/]+)"


def layout_of(folder: Path) -> Layout | None:
    """The layout of a repository that is known; None: DIR/PROBLEM/AUTHOR.py."""
    names = {folder.name.replace("+", "/"), "/".join(folder.parts[-2:])}
    return next((LAYOUTS[name] for name in names if name in LAYOUTS), None)


def place(folder: Path, path: Path) -> Place | None:
    """What the path of a file in the folder says; None if it is no solution."""
    layout = layout_of(folder)
    inside = path.relative_to(folder).with_suffix("").as_posix()
    if layout is None:
        found = re.fullmatch(ANY, inside)
        return found and Place("any", slug(found["problem"]), found["author"])
    found = re.fullmatch(layout.pattern, inside)
    if not found:
        return None
    parts = [letter(slug(part)) if key == "task" else slug(part)
             for key, part in found.groupdict().items()]  # fmt: skip
    return Place(layout.site, "_".join(parts), layout.author)


def slug(title: str) -> str:
    """A title as addresses write it: two-sum."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower().replace("'", "")).strip("-")


def letter(task: str) -> str:
    """Tasks counted 1, 2, … are a, b, …"""
    return chr(ord("a") + int(task) - 1) if task.isdigit() and 0 < int(task) < 27 else task
