"""Where the peers are: a script of `benchmarks/peers` each, and the environment it runs in."""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from regard.bench.machine import KEEP_FREED
from regard.bench.process import CHILD, System
from regard.recipe import UserError, nearest

HOME = Path(__file__).resolve().parents[3]  # of a checkout
SCRIPTS = HOME / "benchmarks" / "peers"
HERE = ("plain",)  # peers that need nothing but what we need
KEPT = ", freed memory kept"


def chosen(words: str, known: tuple[str, ...]) -> list[str]:
    """The peers of a comma-separated list. Raises UserError for one that is not known here."""
    names = [word.strip() for word in words.split(",") if word.strip()]
    for name in names:
        if name not in known:
            raise UserError(f"against: no peer {name!r} here; {nearest(name, known)}")
    return list(dict.fromkeys(names))


def python(name: str, environments: Path) -> str:
    """The interpreter that a peer runs in. Raises UserError if its environment is not there."""
    if name in HERE:
        return sys.executable
    found = environments / name / "bin" / "python"
    if not found.exists():
        raise UserError(
            f"{name}: no environment {environments / name}; "
            f"`benchmarks/peers/setup.sh {name}` makes it"
        )
    return str(found)


def system(name: str, what: str, environments: Path, title: str | None = None) -> System:
    """A peer as a system to measure. Raises UserError outside a checkout of the repository."""
    script = SCRIPTS / f"{name}.py"
    if not script.is_file():
        raise UserError(f"{name}: no {script}; peers are measured from a checkout of the sources")
    # -P: the scripts are called as the packages that they import
    command = (python(name, environments), "-P", str(script), what)
    return System(title or name, command, {"PYTHONPATH": str(CHILD)})


def variants(system: System, ways: Mapping[str, Mapping[str, Any]] | None = None) -> list[System]:
    """As it comes, and with the allocator's setting that ours makes for itself; in several `ways`
    (a suffix of the name -> settings) if there are any.
    """
    found = []
    for suffix, settings in (ways or {"": {}}).items():
        mine = {**system.settings, **settings}
        plain = replace(system, name=system.name + suffix, settings=mine)
        kept = {**system.environment, **KEEP_FREED}
        found += [plain, replace(plain, name=f"{plain.name}{KEPT}", environment=kept)]
    return found


def default_environments() -> Path:
    """`$PEERS`, or `.peers` in the checkout."""
    return Path(os.environ.get("PEERS") or HOME / ".peers")
