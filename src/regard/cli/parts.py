"""`regard parts`: every attention, position, norm … a recipe may name, and what proves it."""

from typing import TYPE_CHECKING, Annotated

import typer

from regard.cli import say
from regard.cli.common import Json

if TYPE_CHECKING:
    from regard.parts import Part


def parts(
    family: Annotated[str | None, typer.Argument(help="Only this family, or this kind.")] = None,
    json: Json = False,
) -> None:
    """List the parts that a model can be made of, by the branches of "A Survey of Transformers".

    \b
    regard parts
    regard parts attention
    regard parts performer               (all that is known of one)
    regard parts --json

    Each is a file of its family's folder, and its kind in a recipe is the file's name. `proofs` are
    what the suite found: `formula` is equality with the formula written out, gradients included;
    `invariants` how many properties it kept inside real models; then the limits of theory.
    """
    from regard import parts as known
    from regard.recipe import UserError, nearest

    found = known.parts()
    if family is not None:
        names = {part.kind for part in found} | set(known.FAMILIES)
        if family not in names:
            raise UserError(f"no family or kind {family!r}; {nearest(family, names)}")
        found = [part for part in found if family in (part.family, part.kind)]
    if json:
        say.document([part.as_dict() for part in found])
    elif family is not None and family not in known.FAMILIES:
        for part in found:
            say.write(told(part))
    else:
        rows = [
            [f"{p.family} {p.kind}", f"{p.branch} / {p.leaf}", yes(p.causal), proved(p)]
            for p in found
        ]
        say.table(["", "branch / leaf", "writes", "proofs"], rows, f"{len(found)} parts")


def proved(part: "Part") -> str:
    """How many proofs, in a word."""
    return str(len(part.proofs)) if part.proofs else "–"


def told(part: "Part") -> str:
    """All that is known of one."""
    lines = [f"{part.family} {part.kind}: {part.says}"]
    told = {"branch": f"{part.branch} / {part.leaf}", "paper": part.paper, "formula": part.formula,
            "cost": part.cost, "causal": yes(part.causal), "scores": yes(part.scores),
            "limit": part.limit, "exports": ", ".join(part.exports)}  # fmt: skip
    lines += [f"  {key:8} {value}" for key, value in told.items() if value]
    lines += [f"  {'proof' if not i else '':8} {proof}" for i, proof in enumerate(part.proofs)]
    return "\n".join(lines) + "\n"


def yes(value: bool) -> str:
    """The word."""
    return "yes" if value else "no"
