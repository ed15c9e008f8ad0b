"""`regard doctor`: looks at a parallel corpus before anybody trains on it."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from regard.cli import say
from regard.cli.common import Json

if TYPE_CHECKING:
    from regard.data.doctor import Finding, Report

TABLES = {".tsv": "tsv", ".jsonl": "jsonl"}


class Patient(NamedTuple):
    """The rows of each split, the languages, and what was seen while they were read."""

    splits: dict[str, list[tuple[str, str]]]
    languages: tuple[str, str]
    seen: "list[Finding]"
    uneven: bool = False


def doctor(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|RECIPE|KEY=VALUE", help="Pairs of files, tables, or a recipe."
        ),
    ],
    languages: Annotated[
        str | None, typer.Option(metavar="de-en", help="Else from the files' endings.")
    ] = None,
    clean: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write a clean copy here.")
    ] = None,
    lines: Annotated[int, typer.Option(min=1, help="Lines to show of each fault.")] = 5,
    json: Json = False,
) -> None:
    """Find what is wrong with a corpus: unequal halves, swaps, wrong scripts, copies, leaks, …

    \b
    regard doctor train.de train.en
    regard doctor train.de train.en test.de test.en --clean cleaned     (and leaks into train)
    regard doctor train.tsv test.tsv --languages de-en
    regard doctor translate/multi30k_deen data.dir=corpora/multi30k

    Exit code 0 if nothing is worse than a note, 1 if there are errors or warnings.
    """
    from regard.data.doctor import Report, diagnose, render
    from regard.recipe import UserError

    patient = read(words, languages)
    if patient.uneven:
        report = Report(patient.splits, patient.languages, tuple(patient.seen))
    else:
        report = diagnose(patient.splits, patient.languages)
        report = Report(report.splits, report.languages, (*patient.seen, *report.findings))
    if json:
        say.document(report.as_dict(lines))
    else:
        say.console().print(render(report, lines))
    if clean is not None:
        if patient.seen:
            raise UserError(f"{clean}: no clean copy while the halves do not fit each other")
        save(report, clean, words)
    if report.totals["errors"] or report.totals["warnings"]:
        raise typer.Exit(1)


def read(words: Sequence[str], languages: str | None) -> Patient:
    """The rows that these words name. Raises UserError if they name none."""
    from regard.recipe import UserError, shipped

    first = Path(words[0])
    if words[0] in shipped() or first.suffix in (".yaml", ".yml") or first.is_dir():
        return of_recipe(words[0], words[1:], languages)
    paths = [Path(word) for word in words]
    for path in paths:
        if not path.is_file():
            raise UserError(f"{path}: no such file (nor a recipe; see `regard recipes`)")
    if first.suffix in TABLES:
        if languages is None:
            raise UserError(f"{first}: say which columns to compare, as --languages de-en")
        return of_tables(paths, languages)
    if len(paths) % 2:
        raise UserError(f"{paths[-1]}: lacks its other half; give pairs, such as train.de train.en")
    return of_pairs(list(zip(paths[::2], paths[1::2], strict=True)), languages)


def of_recipe(name: str, changes: Sequence[str], languages: str | None) -> Patient:
    """All splits of a recipe's (or a run's) corpus, in its first direction."""
    from regard import recipe as recipes
    from regard.data.corpus.base import find, folder
    from regard.recipe import UserError

    path = Path(name, "recipe.yaml")
    settings = recipes.read(path if Path(name).is_dir() else recipes.find(name))
    recipe: Any = recipes.make(recipes.override(settings, changes), name)
    direction = languages or recipe.data.directions[0]
    data = recipe.data.model_copy(update={"directions": (direction,)})
    splits = ("train", "dev", "test")
    if recipes.kind_of(data.corpus) == "moses" and not str(data.dir).startswith("hf:"):
        where = folder(data.dir and os.path.expandvars(data.dir))
        files = [
            tuple(find(where, f"{data.corpus.named(split)}.{x}") for x in codes(direction))
            for split in splits
        ]
        return of_pairs(files, direction, splits)  # type: ignore[arg-type]
    found = {split: [row[:2] for row in data.rows(split).rows] for split in splits}
    if not any(found.values()):
        raise UserError(f"{name}: the corpus has no rows")
    return Patient(found, codes(direction), [])


def of_tables(paths: Sequence[Path], languages: str) -> Patient:
    """Tables with a column for each language; each is a split."""
    from regard.data.corpus import jsonl, tsv

    kinds: dict[str, Any] = {".tsv": tsv.Config, ".jsonl": jsonl.Config}
    splits: dict[str, list[tuple[str, str]]] = {}
    for path in paths:
        rows = kinds[path.suffix]().read(str(path.parent), path.name, languages)
        splits[split_name(path, splits)] = [row[:2] for row in rows]
    return Patient(splits, codes(languages), [])


def of_pairs(
    pairs: Sequence[tuple[Path, Path]], languages: str | None, names: Sequence[str] = ()
) -> Patient:
    """Two files for each split, line by line; halves that do not fit are looked at as they are."""
    from regard.cli.testset import read as lines
    from regard.data.doctor import halves

    first = pairs[0]
    both = codes(languages) if languages else (ending(first[0]), ending(first[1]))
    splits: dict[str, list[tuple[str, str]]] = {}
    seen, uneven = [], False
    for i, (source, target) in enumerate(pairs):
        name = names[i] if names else split_name(source, splits)
        sides = lines(source), lines(target)
        finding = halves(*sides)
        seen += [finding._replace(split=name)] if finding else []
        uneven = uneven or len(sides[0]) != len(sides[1])
        splits[name] = list(zip(*sides, strict=False))
    return Patient(splits, both, seen, uneven)


def codes(languages: str) -> tuple[str, str]:
    """Both languages of `de-en`."""
    from regard.data.corpus.base import languages as both

    return both(languages)


def ending(path: Path) -> str:
    """The language that a file's name ends in. Raises UserError if it does not."""
    from regard.recipe import UserError

    found = Path(path.name.removesuffix(".gz").removesuffix(".xz")).suffix[1:]
    if not (2 <= len(found) <= 8 and found.isascii()) or found in ("txt", "text"):
        raise UserError(f"{path}: the name ends in no language (train.de); add --languages de-en")
    return found


def split_name(path: Path, taken: Any) -> str:
    """The part of a file's name that says which split it is."""
    name = path.name.partition(".")[0]
    return name if name not in taken else f"{name} ({len(taken) + 1})"


def save(report: "Report", folder: Path, words: Sequence[str]) -> None:
    """Write the rows to keep. Raises UserError rather than overwrite what was examined."""
    from regard.recipe import UserError
    from regard.run import write

    files = {
        folder / f"{split}.{language}": [row[side] for row in rows]
        for split, rows in report.cleaned().items()
        for side, language in enumerate(report.languages)
    }
    for path in files:
        if path.exists() and any(Path(w).exists() and path.samefile(w) for w in words):
            raise UserError(f"{path}: is one of the files examined; choose another folder")
    for path, texts in files.items():
        write(path, "".join(f"{text}\n" for text in texts))
    say.note(f"{folder}: {', '.join(sorted(path.name for path in files))}")
