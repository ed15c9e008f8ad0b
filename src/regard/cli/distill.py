"""`regard data distill`: a teacher's answers to its own training text, for a smaller student."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regard.cli import say
from regard.cli.common import Beam, Decode, Device, Dir, EngineName, told_apart, translator

if TYPE_CHECKING:
    from regard.tasks.translator import Translation

CHUNK = 4096  # rows answered together


def distill(
    words: Annotated[
        list[str], typer.Argument(metavar="RUN|KEY=VALUE", help="The teacher, or several.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The corpus to write, a .tsv.")],
    best: Annotated[
        int, typer.Option(min=1, help="Of so many answers take the one nearest to the reference.")
    ] = 1,
    beam: Beam = None,
    decode: Decode = None,
    directory: Dir = None,
    engine: EngineName = "auto",
    device: Device = "auto",
) -> None:
    """Answer the training corpus of a run: what a student learns more easily than true text.

    \b
    regard data distill runs/multi30k_deen -o runs/student/distilled.tsv
    regard data distill runs/multi30k_deen --best 5 -o runs/student/distilled.tsv

    Sequence-level distillation (Kim and Rush 2016, https://arxiv.org/abs/1606.07947): the table's
    columns are the languages, the true source and the teacher's answer; with --best, of its n-best
    list the answer with the highest sentence BLEU against the reference (section 3.3 there).
    translate/multi30k_deen_student learns from such a table.
    """
    from regard.cli import streams
    from regard.data.corpus.base import languages
    from regard.recipe import UserError
    from regard.tasks.translator import Wish

    loaded, used = translator(told_apart(words), device, beam, decode, engine)
    if len(loaded.directions) > 1:
        raise UserError("distill: the run translates in several directions; it takes one")
    direction = used.codec.direction(None)
    changed = {} if directory is None else {"dir": directory}
    data = loaded.runs[0].recipe.data.model_copy(update=changed)  # type: ignore[attr-defined]
    rows, count = data.stream("train"), 0
    with streams.output(output) as write:
        write("\t".join(languages(direction)) + "\n")
        while chunk := list(islice(rows, CHUNK)):
            found = used.n_best([row.source for row in chunk], Wish(direction, best=best))
            for row, answers in zip(chunk, found, strict=True):
                write(f"{flat(row.source)}\t{flat(nearest(answers, row.target))}\n")
            count += len(chunk)
            say.note(f"{count:,} pairs")
    say.note(f"{output}: {count:,} pairs")


def nearest(answers: "Sequence[Translation]", reference: str) -> str:
    """The answer that is most like the reference; of one, that; of none, nothing."""
    from sacrebleu import sentence_bleu

    if len(answers) < 2:
        return answers[0].text if answers else ""
    return max((x.text for x in answers), key=lambda text: sentence_bleu(text, [reference]).score)


def flat(text: str) -> str:
    """The text without tabs, which part the columns."""
    return text.replace("\t", " ")
