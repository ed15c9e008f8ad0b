"""`regard study`: a claim, the experiment that tests it, the verdict."""

import ast
import importlib
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from regard.cli import say
from regard.cli.common import Json


def study(
    name: Annotated[str | None, typer.Argument(help="The study; none: list them.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many times, each with another seed.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="Where its runs and figures go.", show_default="runs/study_<name>"),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="The folder of the corpora.")] = None,
    json: Json = False,
) -> None:
    """Repeat a study: claim, experiment, verdict, figure.

    \b
    regard study
    regard study length --data corpora --seeds 3
    """
    from regard.recipe import UserError, nearest

    known = studies()
    if name is None:
        if json:
            say.document(known)
        for known_name, says in known.items() if not json else ():
            say.write(f"{known_name:<12}  {says}\n")
        return
    if name not in known:
        raise UserError(f"no study {name!r}; {nearest(name, known)}")
    run = importlib.import_module(f"regard.studies.{name}").run
    found = run(out=out or Path("runs", f"study_{name}"), seeds=seeds, data=data)
    if json or "verdict" not in found:
        say.document(found)
    else:
        say.write(f"{found['verdict']}\n")


def studies() -> dict[str, str]:
    """Name -> first line of its docstring, read without importing anything heavy."""
    try:
        package = find_spec("regard.studies")
    except ModuleNotFoundError:
        package = None
    places = list(package.submodule_search_locations or []) if package else []
    files = sorted(file for place in places for file in Path(place).glob("[!_]*.py"))
    found = {}
    for file in files:
        tree = ast.parse(file.read_text("utf-8"))
        if any(isinstance(x, ast.FunctionDef) and x.name == "run" for x in tree.body):
            found[file.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found
