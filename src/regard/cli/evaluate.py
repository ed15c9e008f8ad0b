"""`regard evaluate`: how good a translator is, in figures that can be checked."""

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regard.cli import say
from regard.cli.common import (
    Beam,
    Decode,
    Device,
    Dir,
    Direction,
    Json,
    answers,
    told_apart,
    translator,
)  # fmt: skip

if TYPE_CHECKING:
    from regard.api import Loaded
    from regard.cli.testset import TestSet


def evaluate(
    words: Annotated[
        list[str],
        typer.Argument(metavar="RUN... [KEY=VALUE]...", help="Runs, and changes to decode."),
    ],
    test: Annotated[str, typer.Option(help="A split of the run's corpus.")] = "test",
    source: Annotated[Path | None, typer.Option(help="Other sources than the run's own.")] = None,
    reference: Annotated[
        list[Path] | None, typer.Option(help="Their references; give it again for more of them.")
    ] = None,
    metrics: Annotated[
        str,
        typer.Option(help="Among bleu, bleu_lc, chrf, chrf++, ter, exact_match, tokenised_bleu."),
    ] = "bleu,chrf,ter",
    lowercase: Annotated[bool, typer.Option("--lowercase", help="Lower-cased BLEU too.")] = False,
    tokenised: Annotated[
        bool,
        typer.Option("--tokenised", help="The tokenised lower-cased BLEU of older papers too."),
    ] = False,
    slices: Annotated[
        bool, typer.Option("--slices", help="BLEU by kind of line: length, rare words, …")
    ] = False,
    align: Annotated[
        bool,
        typer.Option(
            "--align", help="Alignment error of the attention (built-in phrasebook only)."
        ),
    ] = False,
    directory: Dir = None,
    direction: Direction = None,
    beam: Beam = None,
    decode: Decode = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the translations here.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep figures and output as evidence here."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="GROUP/NAME", help="The recorded name.")
    ] = None,
    json: Json = False,
    device: Device = "auto",
) -> None:
    """Translate a test set and score it, with the signatures that say how.

    \b
    regard evaluate runs/deen
    regard evaluate runs/deen --test dev --beam 10 --slices
    regard evaluate runs/deen --source new.de --reference new.en --lowercase -o new.out
    regard evaluate runs/seed1 runs/seed2 alpha=0.8 --dir corpora/multi30k --json
    """
    from regard.cli import testset
    from regard.evaluate import scores
    from regard.recipe import UserError
    from regard.run import write
    from regard.tasks.translator import Wish

    asked = told_apart(words)
    names = list(dict.fromkeys(
        [x.strip() for x in metrics.split(",")] + ["bleu_lc"] * lowercase + ["tokenised_bleu"] * tokenised
    ))  # fmt: skip
    loaded, used = translator(asked, device, beam, decode)
    direction = used.codec.direction(direction)
    for metric in names:
        scores.measure(metric, direction.rpartition("-")[2])  # complain before the work
    if align and phrasebook(loaded) is False:
        raise UserError("--align: needs known alignments, which only the built-in phrasebook has")
    if source is not None or reference:
        if source is None:
            raise UserError(f"{(reference or [''])[0]}: a reference needs --source beside it")
        tests = testset.of_files(source, reference or [], direction)
    else:
        tests = testset.of_run(loaded, test, directory, direction)
    assert tests.sources is not None
    began = time.monotonic()
    outputs = [x.text for x in answers(used, tests.sources, Wish(direction), tests.name)]
    seconds = time.monotonic() - began
    if output is not None:
        write(output, "".join(f"{text}\n" for text in outputs))
    found: dict[str, Any] = {
        "runs": asked.runs, "test": tests.name, "direction": direction, "lines": len(outputs),
        "decode": described(used.decode), "seconds": round(seconds, 2),
        "sentences_per_s": round(len(outputs) / max(seconds, 1e-9), 2),
        "scores": scores.all_scores(outputs, tests.references, tests.language, names),
    }  # fmt: skip
    if slices:
        found["slices"] = sliced(loaded, tests, outputs, directory)
    if align:
        from regard.tasks.aligning import measure

        found["alignment"] = measure(used, test)
    if record is not None:
        recorded(record, name, loaded, found, outputs)
    say.document(found) if json else show(found)


def phrasebook(loaded: "Loaded") -> bool:
    """Was the run trained on the built-in corpus?"""
    from regard.recipe import kind_of

    return kind_of(loaded.runs[0].recipe.data.corpus) == "phrasebook"  # type: ignore[attr-defined]


def described(decode: Any) -> dict[str, Any]:
    """Decoding settings as plain data."""
    from regard.recipe import Part

    return Part.dump(decode)


def sliced(loaded: "Loaded", tests: "TestSet", outputs: list[str], where: str | None) -> list[Any]:
    """BLEU by kind of line; rare words only where the training text is at hand."""
    from regard.cli.testset import corpus
    from regard.evaluate.slices import slices, word_counts
    from regard.recipe import UserError

    assert tests.sources is not None and tests.direction is not None
    try:
        rows = corpus(loaded, where, tests.direction).rows("train").rows
        counts = word_counts(row.source for row in rows)
    except UserError as error:
        say.note(f"no slices by rare words: {error}")
        counts = None
    return slices(tests.sources, outputs, tests.references, counts, language=tests.language)


def recorded(
    folder: Path, name: str | None, loaded: "Loaded", found: dict[str, Any], outputs: list[str]
) -> None:
    """Append a row for each score, with what it needs to be believed."""
    from regard import results

    runs, recipe = loaded.runs, loaded.runs[0].recipe
    name = name or f"{recipe.task}/{runs[0].folder.name}"
    evidence = {
        **results.of_run(runs[0]),
        "set": Path(found["test"]).name,
        "command": results.hide(shlex.join(["regard", *sys.argv[1:]]), recipe.data.dir),  # type: ignore[attr-defined]
        "seeds": [run.recipe.seed for run in runs],
        "wall_s": found["seconds"],
        **{key: found[key] for key in ("lines", "decode")},
    }
    for score in found["scores"].values():
        results.record(folder, name, score, outputs, evidence)
    say.note(f"recorded as {name} in {folder}")


def show(found: dict[str, Any]) -> None:
    """The report as a person reads it."""
    say.write(
        f"{found['test']}, {found['direction']}: {found['lines']:,} lines in {found['seconds']:.1f} s "
        f"({found['sentences_per_s']:.1f} a second), {settings(found['decode'])}\n"
    )
    for score in found["scores"].values():
        say.write(f"{score.name:>14} {score.value:6.2f}   {score.signature}\n")
    if "alignment" in found:
        a = found["alignment"]
        say.write(
            f"{'AER':>14} {a['aer']:6.3f}   precision {a['precision']:.3f}, recall {a['recall']:.3f}; "
            f"{a['map']}, {'mean of heads' if a['head'] is None else 'head ' + str(a['head'])}, "
            f"shift {a['shift']}, chosen on dev\n"
        )
    if "slices" in found:
        rows = [
            (x.name + (" (few)" if x.few else ""), x.n, x.score) for x in found["slices"] if x.n
        ]
        say.table(("lines", "number", "BLEU"), rows)


def settings(decode: dict[str, Any]) -> str:
    """Decoding settings in a few words."""
    rest = " ".join(f"{key}={value}" for key, value in decode.items() if key != "kind")
    return f"{decode['kind']} {rest}".strip()
