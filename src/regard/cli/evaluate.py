"""`regard evaluate`: how good a run is, in figures that can be checked."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from regard.cli import say
from regard.cli.common import (
    Beam,
    Decode,
    Device,
    Dir,
    Direction,
    EngineName,
    Json,
    answers,
    told_apart,
    translator,
)  # fmt: skip


def evaluate(
    words: Annotated[
        list[str],
        typer.Argument(metavar="RUN|KEY=VALUE", help="Runs, and changes to decode (or data.…)."),
    ],
    test: Annotated[
        str, typer.Option("--test", "--set", help="A split of the run's corpus.")
    ] = "test",
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
    engine: EngineName = "own",
    device: Device = "auto",
) -> None:
    """Answer a test set and score it, with the signatures that say how.

    \b
    regard evaluate runs/deen
    regard evaluate runs/deen --test dev --beam 10 --slices
    regard evaluate runs/deen --source new.de --reference new.en --lowercase -o new.out
    regard evaluate runs/seed1 runs/seed2 alpha=0.8 --dir corpora/multi30k --json
    regard evaluate runs/reviews --set dev --record results

    Of a run that labels texts: accuracy, macro-F1, of labels that are numbers how near it comes,
    how far its probabilities can be believed, and what is taken for what.
    """
    from regard.cli import judged

    asked = told_apart(words)
    if judged.judges(asked.runs[0]):
        judged.refuse(source=source, reference=reference, slices=slices, align=align, beam=beam,
                      decode=decode, direction=direction, lowercase=lowercase)  # fmt: skip
        judged.evaluate(asked, (test, directory, device), output, (record, name), json)
        return
    from regard.cli import report, testset
    from regard.evaluate import scores
    from regard.run import write
    from regard.tasks.translator import Wish

    names = [name.strip() for name in metrics.split(",")]
    names += ["bleu_lc"] * lowercase + ["tokenised_bleu"] * tokenised
    loaded, used = translator(asked, device, beam, decode, engine)
    direction = used.codec.direction(direction)
    for metric in names:
        scores.measure(metric, direction.rpartition("-")[2])  # complain before the work
    if align:
        report.phrasebook_only(loaded, files=source is not None)
    tests = testset.chosen(loaded, (test, directory, direction), source, reference or [])
    assert tests.sources is not None
    began = time.monotonic()
    outputs = [x.text for x in answers(used, tests.sources, Wish(direction), tests.name)]
    seconds = time.monotonic() - began
    if output is not None:
        write(output, "".join(f"{text}\n" for text in outputs))
    found: dict[str, Any] = {
        "runs": asked.runs, "test": tests.name, "direction": direction, "lines": len(outputs),
        "decode": report.decoding(used), "seconds": round(seconds, 2),
        "sentences_per_s": round(len(outputs) / max(seconds, 1e-9), 2),
        "scores": scores.all_scores(outputs, tests.references, tests.language, names),
    }  # fmt: skip
    if slices:
        found["slices"] = report.sliced(loaded, tests, outputs, directory)
    if align:
        from regard.tasks.aligning import measure

        found["alignment"] = measure(used, test)
    if record is not None:
        report.recorded(record, name, loaded, found, outputs)
    say.document(found) if json else report.show(found)
