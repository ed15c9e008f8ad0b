"""Run the proofs of every part and write down what each one passed: src/regard/proofs.json.

    python tools/proofs.py

A part gets `formula` (equality with its formula written out, gradients included), `invariants: N`
(properties kept inside real models), a line for each limit, and `outside: NAME` for each comparison
with a library; and the exports that a translator with this one part changed can have. What fails
is not written down, and the exit code says so. `tests/proofs/test_kept.py` holds the file to the
code.
"""

import hashlib
import json
import re
import sys
from collections import Counter, defaultdict
from importlib import import_module
from pathlib import Path

import pytest

from regard import parts
from regard.bench.swap import PLACEMENTS, swapped
from regard.export import base as exports
from regard.models import seq2seq
from regard.recipe import Config, UserError, kinds, make
from regard.run import write

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "src" / "regard" / parts.PROOFS
FORMULA = re.compile(r"test_proofs\.py::test_(\w+?)_is_its_formula\[(\w+)\]")
SAID = re.compile(r"test_proofs\.py::test_(limit|outside)\[(\w+)\.(\w+):(?:limit|outside)_(\w+)\]")
MODEL = re.compile(
    r"test_models\.py::test_(?:decoder|encoder|pair)\[(?:\w+):([^\]]+?)(?:-(\w+))?\]"
)


FAMILY = {"embedding": "embed"}


class Passed:
    """A pytest plugin that keeps what passed and what did not."""

    def __init__(self) -> None:
        self.passed: set[str] = set()
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of a test."""
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)
        elif report.failed:
            self.failed.add(report.nodeid)


def collected(passed: set[str]) -> dict[str, list[str]]:
    """What each part, FAMILY.KIND, passed."""
    found: dict[str, list[str]] = defaultdict(list)
    kept: Counter[str] = Counter()
    for name in sorted(passed):
        if match := FORMULA.search(name):
            found[f"{FAMILY.get(match[1], match[1])}.{match[2]}"].insert(0, "formula")
        elif match := SAID.search(name):
            found[f"{match[2]}.{match[3]}"].append(f"{match[1]}: {match[4].replace('_', ' ')}")
        elif match := MODEL.search(name):
            kept.update(meant(match[1]))
    for name, count in kept.items():
        found[name].insert(0, f"invariants: {count}")
    return found


def meant(label: str) -> set[str]:
    """The parts that a model's name says are in it: `plain/block.mixer=window` and the like."""
    change = label.rpartition("/")[2]
    if "=" not in change:
        return inside(change) if change in kinds("stack") else set()
    places = {"mixer": ("attention", "mixer"), "cross": ("attention",), "place": ("block",)}
    found = set()
    for one in change.split("+"):
        where, _, value = one.partition("=")
        field, kind = where.rpartition(".")[2], value.partition(".")[0]
        for family in places.get(field, (field,)):
            if family in parts.FAMILIES and (kind in kinds(family) or field == "place"):
                found.add(f"{family}.{kind}")
    return found


def inside(stack: str) -> set[str]:
    """The parts of a model with this stack and nothing changed."""
    config = import_module(kinds("stack")[stack]).Config()
    model = {"decoder": config} if config.writes else {"encoder": config}
    found, left = set(), [seq2seq.Config(**model) if stack == "plain" else config]
    while left:
        part = left.pop()
        family, kind = type(part).__module__.split(".")[-2:]
        found.add(f"{family}.{kind}")
        if hasattr(part, "place"):
            found.add(f"block.{part.place}")
        left += [x for x in vars(part).values() if isinstance(x, Config)]
    return {name for name in found if name.partition(".")[0] in parts.FAMILIES}


def exportable(part: parts.Part) -> list[str]:
    """The exports of a translator whose layers have this part."""
    try:
        recipe = make({"task": "translate", "data": {"corpus": {"kind": "phrasebook"}, "dir": "."},
                       "model": swapped({"dim": 64}, part), "train": {"steps": 1}})  # fmt: skip
    except UserError:
        return []
    return [name for name, refused in exports.exports(recipe).items() if refused is None]


def fingerprint(part: parts.Part) -> str:
    """Of the part's file and its proof: what was proved is told only while both stay."""
    placed = part.family == "block" and part.kind in PLACEMENTS
    where = "residual" if placed else part.kind
    pair = (parts.HERE / part.family / f"{where}.py",
            ROOT / "tests" / "proofs" / part.family / f"{where}.py")  # fmt: skip
    data = b"".join(path.read_bytes() for path in pair if path.exists())
    return hashlib.sha256(data).hexdigest()[:16]


def main() -> int:
    """Run, write; 1 if anything failed."""
    seen = Passed()
    suites = [ROOT / "tests" / "conformance" / "test_models.py",
              ROOT / "tests" / "proofs" / "test_proofs.py"]  # fmt: skip
    pytest.main(
        ["-q", "-m", "not slow", "-p", "no:cacheprovider", *map(str, suites), *sys.argv[1:]], [seen]
    )
    proved = collected(seen.passed)
    told = {
        f"{p.family}.{p.kind}": {
            "proofs": proved.get(f"{p.family}.{p.kind}", []), "exports": exportable(p),
            "of": fingerprint(p),
        }
        for p in parts.parts()
    }  # fmt: skip
    write(FILE, json.dumps(told, indent=1, sort_keys=True) + "\n")
    print(f"{FILE}: {len(told)} parts, {len(seen.failed)} failed")
    return int(bool(seen.failed))


if __name__ == "__main__":
    sys.exit(main())
