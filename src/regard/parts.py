"""Every part a model can be made of, read from the headers of their files; nothing is imported.

A header is a module's docstring: its first paragraph says what the part is, then come lines
`Key: value` (KEYS), a longer value going on in lines that are indented. A file whose docstring has
`Kind:` lines describes several parts, as `block/residual.py` does with its placements.
"""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

FAMILIES = ("attention", "mixer", "position", "norm", "ff", "embed", "block", "stack")
BRANCHES = (
    "Attention", "Position", "LayerNorm", "FFN", "Architecture", "Beside the survey",
)  # fmt: skip
KEYS = ("Kind", "Branch", "Paper", "Formula", "Cost", "Causal", "Scores", "Limit")
HERE = Path(__file__).parent
PROOFS = "proofs.json"  # what the proof suite found: written by tools/proofs.py


@dataclass(frozen=True)
class Part:
    """A kind as its header tells it; `causal`: may write token by token, `scores`: forms some."""

    kind: str
    family: str
    branch: str
    leaf: str
    says: str
    paper: str
    formula: str
    cost: str
    causal: bool
    scores: bool
    limit: str
    exports: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def parts() -> list[Part]:
    """All of them, by family, then branch, leaf and kind. Raises ValueError for a bad header."""
    found = [part for family in FAMILIES for path in files(family) for part in read(path, family)]
    order = {name: i for i, name in enumerate((*FAMILIES, *BRANCHES))}
    return sorted(found, key=lambda p: (order[p.family], order[p.branch], p.leaf, p.kind))


def files(family: str) -> Iterator[Path]:
    """The files of a family that describe a part."""
    for path in sorted((HERE / family).glob("*.py")):
        source = path.read_text("utf-8")
        if "\nclass Config(" in source or "\nKind: " in source:
            yield path


def read(path: Path, family: str) -> list[Part]:
    """The parts that a file describes. Raises ValueError, naming file and key."""
    doc = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    says = " ".join(doc.partition("\n\n")[0].split())
    records = re.split(r"\n(?=Kind: )", doc) if "\nKind: " in doc else [doc]
    found = [fields(record) for record in records]
    return [made(path, family, says, said) for said in found if said]


def fields(record: str) -> dict[str, str]:
    """The `Key: value` lines of a record."""
    found = re.findall(rf"^({'|'.join(KEYS)}): (.*(?:\n[ ]+.*)*)", record, re.MULTILINE)
    return {key: " ".join(value.split()) for key, value in found}


def made(path: Path, family: str, says: str, said: dict[str, str]) -> Part:
    """One part. Raises ValueError."""
    where = f"{family}/{path.name}"
    missing = [key for key in KEYS if key not in ("Kind", "Limit") and key not in said]
    if missing:
        raise ValueError(f"{where}: its header has no {', '.join(missing)}")
    branch, _, leaf = said["Branch"].partition(" / ")
    if branch not in BRANCHES:
        raise ValueError(f"{where}: {branch!r} is no branch; one of {', '.join(BRANCHES)}")
    kind = said.get("Kind", path.stem)
    known = proofs().get(f"{family}.{kind}", {})
    return Part(
        kind, family, branch, leaf, says, said["Paper"], said["Formula"], said["Cost"],
        yes(said["Causal"], where), yes(said["Scores"], where), said.get("Limit", ""),
        tuple(known.get("exports", ())), tuple(known.get("proofs", ())),
    )  # fmt: skip


def yes(value: str, where: str) -> bool:
    """`yes` or `no`, with whatever explains it behind. Raises ValueError for another word."""
    word = re.match(r"(yes|no)\b", value)
    if word is None:
        raise ValueError(f"{where}: {value!r}: says yes or no first")
    return word[1] == "yes"


@cache
def proofs() -> dict[str, dict[str, Any]]:
    """What each part, FAMILY.KIND, passed when the proof suite was last run over it."""
    path = HERE / PROOFS
    return json.loads(path.read_text("utf-8")) if path.exists() else {}
