"""`regard data`: makes corpora, from monolingual text, a teacher or the built-in grammar."""

from pathlib import Path
from typing import Annotated

import typer

from regard.cli import say
from regard.cli.common import Beam, Decode, Device, Direction, told_apart, translator
from regard.cli.distill import distill, flat
from regard.cli.pair_set import pairs

TAG = "<bt>"
app = typer.Typer(
    rich_markup_mode=None, help="Make a corpus: back-translate, distill, or write the phrasebook."
)
app.command(short_help="a teacher's answers to its training text.")(distill)
app.command(short_help="pairs of programs from solutions by problem.")(pairs)


@app.command(short_help="training pairs from text of the target language.")
def backtranslate(
    words: Annotated[
        list[str],
        typer.Argument(metavar="RUN|FILE|KEY=VALUE", help="Reverse runs, monolingual text."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The corpus to write, a .tsv.")],
    tag: Annotated[
        bool, typer.Option("--tag", help=f"Begin synthetic sources with {TAG}.")
    ] = False,
    beam: Beam = None,
    decode: Decode = None,
    direction: Direction = None,
    device: Device = "auto",
) -> None:
    """Turn text of the target language into training pairs (Sennrich et al. 2016).

    \b
    For a German-English translator, with a run that translates en-de:
    regard data backtranslate runs/ende news.en -o bt.tsv --tag
    regard data backtranslate runs/ende news.en -o bt.tsv --decode sample top_p=0.9

    The table's columns are the languages: the run's answer, and the text it answers; as many rows
    as the text has lines (a blank one gives a blank row, which training leaves out and counts).

    With --tag a model can tell synthetic sources from true ones (Caswell et al. 2019): the tag is
    plain text, so no recipe has to know of it, and test sources carry none.

    The corpus kind `mix` joins it to a genuine one, as translate/multi30k_deen_back does.
    """
    from regard.cli import streams
    from regard.data.corpus.base import languages
    from regard.recipe import UserError
    from regard.tasks.translator import Wish

    asked = told_apart(words, files=1)
    if not asked.files:
        raise UserError("backtranslate: name the monolingual text after the run, or - to read it")
    with streams.source(asked.files[0]) as (file, name):
        _, used = translator(asked, device, beam, decode)
        direction = used.codec.direction(direction)
        real, made = languages(direction)
        count = 0
        with streams.output(output) as write:
            write(f"{made}\t{real}\n")
            for chunk in streams.chunks(file, name):
                found = used.translate(chunk.lines, Wish(direction))
                for text, answer in zip(chunk.lines, found, strict=True):
                    start = f"{TAG} " if tag and answer.text else ""
                    write(f"{start}{flat(answer.text)}\t{flat(text)}\n")
                count += len(chunk.lines)
    say.note(f"{output}: {count:,} pairs, {made} made from {real}")


@app.command(short_help="sentences of the built-in grammar, with gold alignments.")
def phrasebook(
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Write here.")],
    split: Annotated[str, typer.Option(help="train, dev, test, combos or long.")] = "test",
    count: Annotated[int | None, typer.Option(min=1, help="How many; train needs it.")] = None,
    seed: Annotated[int, typer.Option(help="Other sentences for another seed.")] = 1,
) -> None:
    """Write sentences of the built-in Korean-English grammar, with their gold alignments.

    \b
    regard data phrasebook --split test -o phrasebook
    regard data phrasebook --split train --count 100000 -o phrasebook

    SPLIT.ko and SPLIT.en have a line for each other; in SPLIT.ko-en.links, i-j joins word i of the
    Korean to word j of the English (from 0), i?j does so possibly.
    """
    from regard.data import phrasebook as book
    from regard.run import write

    pairs = book.pairs(split, count, seed)
    columns = {
        "ko": [pair.ko for pair in pairs],
        "en": [pair.en for pair in pairs],
        "ko-en.links": [
            " ".join(f"{i}{'-' if sure else '?'}{j}" for i, j, sure in sorted(pair.links))
            for pair in pairs
        ],
    }
    for ending, texts in columns.items():
        write(folder / f"{split}.{ending}", "".join(f"{text}\n" for text in texts))
    say.note(f"{folder}: {len(pairs):,} pairs in {', '.join(f'{split}.{x}' for x in columns)}")
