"""`regard translate`: lines in, lines out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regard.cli import say
from regard.cli.common import Beam, Decode, Device, Direction, EngineName, told_apart, translator

if TYPE_CHECKING:
    from regard.cli.common import Words
    from regard.data.parallel import Codec
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
    terms: Annotated[
        Path | None, typer.Option(help="A file: phrases each answer must hold, tab between.")
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
    regard translate runs/enko ko.po -o ko.po

    Catalogues (.po), XLIFF and tables (.tsv) are filled: what is untranslated gets an answer,
    marked as not yet reviewed; subtitles (.srt, .vtt), Markdown, HTML and JSON are translated. A
    placeholder, tag, role or address comes through, or the source stays; so does every other byte.
    """
    from regard.cli import streams
    from regard.tasks.translator import Wish

    asked = told_apart(words, files=1)
    if asked.files and is_document(asked.files[0]):
        options = {"--n-best": n_best > 1, "--prefix": prefix is not None, "--json": json,
                   "--terms": terms is not None, "--scores": scores}  # fmt: skip
        whole_lines(asked.files[0], [name for name, wanted in options.items() if wanted])
        document(asked, output, direction, translator(asked, device, beam, decode, engine)[1])
        return
    with streams.source(asked.files[0] if asked.files else None) as (file, name):
        _, used = translator(asked, device, beam, decode, engine)
        used.codec.direction(direction)  # complain before reading
        beside = {k: streams.Beside(v) for k, v in (("prefix", prefix), ("terms", terms)) if v}
        number = 0
        with streams.output(output) as write:
            for chunk in streams.chunks(file, name):
                given = {k: v.next(len(chunk.lines)) for k, v in beside.items()}
                phrases = [[p for p in x.split("\t") if p] for x in given.get("terms", [])]
                wish = Wish(direction, n_best, given.get("prefix"), phrases or None)
                rows = used.n_best(chunk.lines, wish)
                if json:
                    told = [say.dumps(record(row, used.codec)) for row in rows]
                elif n_best > 1:
                    told = [
                        f"{i}\t{answer.score:.4f}\t{answer.text}"
                        for i, row in enumerate(rows, number + 1)
                        for answer in row
                    ]
                else:
                    told = [f"{row[0].score:.4f}\t" * scores + row[0].text for row in rows]
                write(chunk.like(told))
                number += len(rows)
            for extra in beside.values():
                extra.end()


def is_document(name: str) -> bool:
    """Is it more than lines of text, and of a kind that we fill?"""
    from regard.files.base import kinds

    return Path(name).suffix.lower() in kinds()


def whole_lines(name: str, options: list[str]) -> None:
    """Refuse what makes sense for lines of text only."""
    from regard.recipe import UserError

    if options:
        raise UserError(f"{name}: {options[0]} is for lines of text, not for {Path(name).suffix}")


def document(
    asked: "Words", output: Path | None, direction: str | None, used: "Translator"
) -> None:
    """Fill what is untranslated in a file; what came of it is told on standard error."""
    from regard.cli import streams
    from regard.files.base import kinds
    from regard.files.filling import fill

    name = asked.files[0]
    read = kinds()[Path(name).suffix.lower()].read(Path(name).read_bytes(), name)
    made = fill(read, used, direction, name, lambda lines: say.parts(lines, 64, "translating"))
    streams.bytes_to(output, made.data)
    total = sum(made.how.values()) or 1
    told = [f"{made.how[how]} {said}" for how, said in HOW.items() if made.how[how]]
    share = f" ({made.how['source'] / total:.1%})" if made.how["source"] else ""
    say.note(f"regard: {made.units} filled in; of their lines {', '.join(told) or 'none'}{share}")


HOW = {
    "model": "by the model", "other": "by a lower hypothesis, for the sake of marks",
    "forced": "by a search that had to say the marks", "source": "left as the source",
}  # fmt: skip


def record(row: "list[Translation]", codec: "Codec") -> dict[str, Any]:
    """The answers to a line as JSON: the best one, its tokens' log-probabilities, all of them."""
    return {
        "text": row[0].text,
        "score": row[0].score,
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
