"""What `evaluate` tells: scores and slices as a person reads them, and as kept evidence."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regard.cli import say

if TYPE_CHECKING:
    from regard.api import Loaded
    from regard.cli.testset import TestSet
    from regard.evaluate.scores import Score
    from regard.tasks.translator import Translator


def phrasebook_only(loaded: "Loaded", files: bool) -> None:
    """Raises UserError unless the run's own test sets have known alignments."""
    from regard.recipe import UserError, kind_of

    if files or kind_of(loaded.runs[0].recipe.data.corpus) != "phrasebook":  # type: ignore[attr-defined]
        raise UserError("--align: needs known alignments, which only the built-in phrasebook has")


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
        **results.now(),
        **results.of_run(runs[0]),
        "directions": [found["direction"]],
        "set": Path(found["test"]).name,
        "command": results.hide(given(folder), recipe.data.dir),  # type: ignore[attr-defined]
        "seeds": [run.recipe.seed for run in runs],
        "wall_s": found["seconds"],
        **{key: found[key] for key in ("lines", "decode")},
    }
    scored = [*found["scores"].values()]
    if "alignment" in found:
        scored.append(aer(found["alignment"]))
    for score in scored:
        results.record(folder, name, score, outputs, evidence)
    say.note(f"recorded as {name} in {folder}")


def given(folder: Path) -> str:
    """This command, with the name of the results folder rather than where it lies."""
    words = (folder.name if word == str(folder) else word for word in sys.argv[1:])
    return shlex.join(["regard", *words])


def aer(found: dict[str, Any]) -> "Score":
    """Alignment error as a figure that can be kept: what it was read from is its signature."""
    from regard.evaluate.scores import Score

    head = "mean" if found["head"] is None else found["head"]
    read = f"map:{found['map']}|head:{head}|shift:{found['shift']}|chosen:dev"
    return Score("AER", found["aer"], f"gold:phrasebook|sentences:{found['sentences']}|{read}")


def show(found: dict[str, Any]) -> None:
    """The report as a person reads it."""
    speed = f"{found['seconds']:.1f} s ({found['sentences_per_s']:.1f} a second)"
    head = f"{found['test']}, {found['direction']}: {found['lines']:,} lines in {speed}"
    say.write(f"{head}, {settings(found['decode'])}\n")
    for score in found["scores"].values():
        say.write(f"{score.name:>14} {score.value:6.2f}   {score.signature}\n")
    if "alignment" in found:
        say.write(
            f"{'AER':>14} {found['alignment']['aer']:6.3f}   {alignment(found['alignment'])}\n"
        )
    if "slices" in found:
        rows = [
            (x.name + (" (few)" if x.few else ""), x.n, x.score) for x in found["slices"] if x.n
        ]
        say.table(("lines", "number", "BLEU"), rows)


def decoding(used: "Translator") -> dict[str, Any]:
    """How the answers were looked for: the settings, and the engine where it is not our own."""
    from regard.recipe import Part

    engine = {} if used.engine is None else {"engine": used.engine.name}
    return {**Part.dump(used.decode), **engine}


def settings(decode: dict[str, Any]) -> str:
    """Decoding settings in a few words."""
    rest = " ".join(f"{key}={value}" for key, value in decode.items() if key != "kind")
    return f"{decode['kind']} {rest}".strip()


def alignment(found: dict[str, Any]) -> str:
    """What an alignment error was measured with, in words."""
    head = "mean of heads" if found["head"] is None else f"head {found['head']}"
    figures = f"precision {found['precision']:.3f}, recall {found['recall']:.3f}"
    return f"{figures}; {found['map']}, {head}, shift {found['shift']}, chosen on dev"
