"""`regard compare`: is one system better than another?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regard.cli import say
from regard.cli.common import Beam, Decode, Device, Dir, Direction, Json, answers, opened

if TYPE_CHECKING:
    from regard.api import Loaded
    from regard.cli.testset import TestSet


def compare(
    a: Annotated[
        str, typer.Argument(metavar="A", help="A run or a file of outputs; commas: seeds.")
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="The same of the other system.")],
    test: Annotated[
        str, typer.Option("--test", "--set", help="A split of the first run's corpus.")
    ] = "test",
    source: Annotated[Path | None, typer.Option(help="Other sources than that.")] = None,
    reference: Annotated[
        list[Path] | None, typer.Option(help="Their references; give it again for more of them.")
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help="bleu, bleu_lc, chrf, chrf++, ter, exact_match or tokenised_bleu; of labels "
            "accuracy, macro_f1, mean_error, pearson or spearman.",
            show_default="bleu, or accuracy",
        ),
    ] = None,
    resamples: Annotated[int, typer.Option(min=100, help="Samples of the bootstrap.")] = 1000,
    language: Annotated[
        str | None, typer.Option(help="Target language, where no run says it: how BLEU cuts words.")
    ] = None,
    directory: Dir = None,
    direction: Direction = None,
    beam: Beam = None,
    decode: Decode = None,
    json: Json = False,
    device: Device = "auto",
) -> None:
    """Compare two systems on the same lines: scores, slices, paired bootstrap, a verdict.

    \b
    regard compare runs/deen runs/deen_big
    regard compare old.out runs/deen --source test.de --reference test.en --metric chrf
    regard compare runs/a1,runs/a2,runs/a3 runs/b1,runs/b2,runs/b3
    regard compare runs/reviews tfidf.out       labels: McNemar's test beside the interval
    """
    from regard.cli import compare_judged, testset
    from regard.evaluate.scores import measure
    from regard.evaluate.significance import paired_bootstrap

    systems = [split(a), split(b)]
    names = (label(systems[0]), label(systems[1]))
    if names[0] == names[1]:
        names = (a, b)
    if compare_judged.labelling(systems, metric):
        right = reference[0] if reference else None
        where = (test, directory, device)
        compare_judged.compare(systems, names, where, right, (metric, resamples), json)
        return
    runs = {x: opened([x], device) for x in sum(systems, []) if Path(x).is_dir()}
    first = next(iter(runs.values()), None)
    tests = testset.chosen(first, (test, directory, direction), source, reference or [])
    language = tests.language or language
    chosen = measure(metric or "bleu", language)
    made = [[outputs(x, runs.get(x), tests, beam, decode) for x in system] for system in systems]
    found = paired_bootstrap(
        made[0], made[1], tests.references, chosen, names=names, resamples=resamples
    )
    parts = sliced(tests, made, chosen)
    if json:
        told = {"a": a, "b": b, "test": tests.name, "lines": len(tests.references)}
        signature = chosen.score(made[0][0], tests.references).signature
        say.document({**told, "verdict": found, "signature": signature, "slices": parts})
        return
    if parts:
        rows = [
            (x["name"] + (" (few)" if x["few"] else ""), x["n"], x["a"], x["b"], x["b"] - x["a"])
            for x in parts
        ]
        say.table(("lines", "number", names[0], names[1], "difference"), rows)
    say.write(f"{found.sentence}\n")


def split(systems: str) -> list[str]:
    """The seeds of a system: runs or files, commas between them."""
    from regard.recipe import UserError

    if Path(systems).exists():
        return [systems]
    names = [name for name in systems.split(",") if name]
    for name in names:
        if not Path(name).exists():
            raise UserError(f"{name}: no such run or file of outputs")
    if not names:
        raise UserError("compare: name two systems, each a run or a file of outputs")
    return names


def label(names: list[str]) -> str:
    """What a system is called in the table and the verdict."""
    first = Path(names[0]).name
    return first if len(names) == 1 else f"{first} ({len(names)} seeds)"


def outputs(
    name: str, run: "Loaded | None", tests: "TestSet", beam: int | None, decode: str | None
) -> list[str]:
    """What a system says: a file's lines, or a run's translations."""
    from regard.cli.testset import read, same
    from regard.tasks.translator import Wish

    if run is None:
        found = read(Path(name))
        same(len(found), name, len(tests.references), tests.name)
        return found
    assert tests.sources is not None
    used = run.asked(beam, decode)
    wish = Wish(used.codec.direction(tests.direction))
    return [x.text for x in answers(used, tests.sources, wish, name)]


def sliced(tests: "TestSet", made: list[list[list[str]]], metric: Any) -> list[dict[str, Any]]:
    """Both systems' scores by kind of line, means over seeds; nothing without sources."""
    from regard.evaluate.slices import slices

    if tests.sources is None:
        return []
    both = [
        [slices(tests.sources, texts, tests.references, metric=metric) for texts in system]
        for system in made
    ]
    found = []
    for i, one in enumerate(both[0][0]):
        if one.n:
            a, b = (sum(seed[i].score for seed in system) / len(system) for system in both)  # type: ignore[misc]
            found.append({"name": one.name, "n": one.n, "few": one.few, "a": a, "b": b})
    return found
