"""`regard data pairs`: a set of program pairs from folders of solutions."""

from pathlib import Path
from typing import Annotated

import typer

from regard.cli import say


def pairs(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR…", help="Folders of solutions.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Write here.")],
    per: Annotated[int, typer.Option(min=1, help="Pairs of the same problem a program.")] = 2,
    seed: Annotated[int, typer.Option(help="Other pairs for another seed.")] = 1,
) -> None:
    """Make pairs of programs that solve the same problem or not, from solutions by problem.

    \b
    regard data pairs solutions --out pairs                         solutions/PROBLEM/AUTHOR.py
    regard data pairs clones/walkccc+LeetCode clones/doocs+leetcode --out pairs

    A clone called OWNER+NAME (or OWNER/NAME) of a repository whose layout is known is read as it
    is, so that several authors' solutions meet; any other folder is DIR/PROBLEM/AUTHOR.py.

    Writes programs.jsonl; train, dev and test.jsonl, whose problems are apart; and the test pairs
    again with every variable renamed and with every line laid out anew.
    """
    import random

    from regard.data.code import pairing, programs, versions
    from regard.run import write

    def table(name: str, rows: list[dict[str, str]]) -> None:
        write(out / f"{name}.jsonl", "".join(say.dumps(row) + "\n" for row in rows))

    found = programs.gather(folders, seed)
    table("programs", [program._asdict() for program in found.programs])
    for name, part in pairing.split(found.programs, seed).items():
        made = pairing.pairs(part, per, seed)
        rows = [pair.row() for pair in made]
        table(name, rows)
        problems = len({program.problem_id for program in part})
        say.note(f"{out / name}.jsonl: {len(rows):,} pairs of {problems:,} problems")
        if name == "test":
            for change in (versions.renamed, versions.reformatted):
                rng = random.Random(seed)
                both = [{k: change(row[k], rng) for k in ("code_a", "code_b")} for row in rows]
                changed = [{**row, **new} for row, new in zip(rows, both, strict=True)]
                table(f"{name}_{change.__name__}", changed)
    for why, count in found.left_out.items():
        if count:
            say.note(f"left out, {why}: {count:,}")
    for text in found.failed[:3]:
        say.note(f"  {text}")
