"""`regard translate`: lines in, lines out."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regard.cli import say
from regard.cli.common import Beam, Decode, Device, Direction, EngineName, told_apart, translator

if TYPE_CHECKING:
    from regard.data.codec import Codec
    from regard.data.glossary import Glossary
    from regard.tasks.translator import Translation, Translator


def translate(
    words: Annotated[
        list[str],
        typer.Argument(metavar="RUN|FILE|KEY=VALUE", help="Runs, a text file, changes to decode."),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; appears only complete.")
    ] = None,
    beam: Beam = None,
    decode: Decode = None,
    n_best: Annotated[int, typer.Option(min=1, help="Answers a line.")] = 1,
    direction: Direction = None,
    prefix: Annotated[
        Path | None, typer.Option(help="A file: how the answer to each line must begin.")
    ] = None,
    phrases: Annotated[
        Path | None, typer.Option(help="A file: phrases each answer must hold, tab between.")
    ] = None,
    terms: Annotated[
        Path | None, typer.Option(help="A glossary: a term, a tab and its translation a line.")
    ] = None,
    memory: Annotated[
        Path | None, typer.Option(help="A .tmx, .po or .tsv file whose translations come first.")
    ] = None,
    min_confidence: Annotated[
        float | None, typer.Option(min=0, max=1, help="In a file, less sure answers stay out.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    scores: Annotated[bool, typer.Option("--scores", help="SCORE, tab, answer.")] = False,
    engine: EngineName = "auto",
    device: Device = "auto",
) -> None:
    """Translate text, one sentence a line, with a run or with several together (an ensemble).

    \b
    regard translate runs/deen < text.de > text.en
    regard translate runs/deen text.de -o text.en --beam 10
    regard translate runs/a runs/b text.de alpha=0.6 no_repeat=3
    regard translate runs/deen --decode sample --n-best 5 --json < text.de
    echo "Ein Hund rennt." | regard translate runs/deen

    N lines in are N lines out, in order; an empty line stays empty; a line ends at a line feed
    only. With --n-best, a line is LINE NUMBER, tab, SCORE, tab, answer; scores are
    log-probabilities. An export of the run (see `regard export`) answers instead of our own
    search where it is faster and exact enough.

    \b
    regard translate runs/enko ko.po -o ko.po --memory old.tmx --terms terms.tsv

    Catalogues (.po), XLIFF, memories (.tmx) and tables (.tsv) are filled: what is untranslated gets
    an answer, marked as not yet reviewed; subtitles (.srt, .vtt), Markdown, HTML and JSON are
    translated. A placeholder, tag, role or address comes through, or the source stays; so does
    every other byte. What a --memory holds word for word wins over the model, and the --terms of a
    glossary, which lines of text may have too, are said.
    """
    from regard.cli import documents, streams
    from regard.data.glossary import Glossary
    from regard.tasks.translator import Wish

    asked = told_apart(words, files=1)
    options = {"--n-best": n_best > 1, "--prefix": prefix is not None, "--scores": scores,
               "--phrases": phrases is not None}  # fmt: skip
    if asked.files and documents.is_one(asked.files[0]):
        name = documents.of_lines_only(asked.files[0], {**options, "--json": json})
        aids = documents.Aids(memory, terms, min_confidence)
        used = translator(asked, device, beam, decode, engine)[1]
        documents.filled(name, used, direction, aids, output)
        return
    documents.of_files_only(
        {"--memory": memory is not None, "--min-confidence": min_confidence is not None}
    )
    glossary = Glossary.read(terms) if terms else None
    if glossary:
        documents.alone("--terms", {**options, "--json": json})
    with streams.source(asked.files[0] if asked.files else None) as (file, name):
        _, used = translator(asked, device, beam, decode, engine)
        used.codec.direction(direction)  # complain before reading
        beside = {k: streams.Beside(v) for k, v in (("prefix", prefix), ("terms", phrases)) if v}
        number = 0
        with streams.output(output) as write:
            for chunk in streams.chunks(file, name):
                given = {k: v.next(len(chunk.lines)) for k, v in beside.items()}
                held = [[p for p in x.split("\t") if p] for x in given.get("terms", [])]
                wish = Wish(direction, n_best, given.get("prefix"), held or None)
                if glossary:
                    told = termed(used, chunk.lines, direction, glossary, (name, number))
                else:
                    rows = used.n_best(chunk.lines, wish)
                    told = list(written(rows, used.codec, number, json, n_best > 1, scores))
                write(chunk.like(told))
                number += len(chunk.lines)
            for extra in beside.values():
                extra.end()


def written(
    rows: "list[list[Translation]]", codec: "Codec", before: int, json: bool, several: bool,
    scores: bool,
) -> Iterator[str]:  # fmt: skip
    """The answers to lines as the options want them told; `before`: lines that came before."""
    for i, row in enumerate(rows, before + 1):
        if json:
            yield say.dumps(record(row, codec))
        elif several:
            yield from (f"{i}\t{answer.score:.4f}\t{answer.text}" for answer in row)
        else:
            yield f"{row[0].score:.4f}\t" * scores + row[0].text


def termed(
    used: "Translator", lines: list[str], direction: str | None, glossary: "Glossary",
    place: tuple[str, int],
) -> list[str]:  # fmt: skip
    """Answers that hold the terms of a glossary, and marks; a source that stays is told.

    `place`: where the lines are from, and how many came before.
    """
    from regard.tasks.survive import surviving

    found = surviving(used, lines, direction, glossary)
    for i, kept in enumerate(found, place[1] + 1):
        if kept.why:
            say.note(f"regard: {place[0]}, line {i}: left as the source: {kept.why}")
    return [kept.text for kept in found]


def record(row: "list[Translation]", codec: "Codec") -> dict[str, Any]:
    """The answers to a line as JSON: the best one, its tokens' log-probabilities, all of them."""
    return {
        "text": row[0].text,
        "score": row[0].score,
        "confidence": row[0].confidence,
        "tokens": [
            {"token": token, "score": score}
            for piece in row[0].pieces
            for token, score in zip(
                [*codec.target.pieces(piece.tokens), *["</s>"] * piece.finished],
                piece.token_scores, strict=True,
            )
        ],
        "n_best": [{"text": answer.text, "score": answer.score} for answer in row],
    }  # fmt: skip
