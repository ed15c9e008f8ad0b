"""`regard recipes`: what is shipped, as it is written."""

from pathlib import Path
from typing import Annotated

import typer

from regard.cli import say
from regard.cli.common import Json


def recipes(
    name: Annotated[str | None, typer.Argument(help="Print this recipe.")] = None,
    schema: Annotated[
        str | None, typer.Option(metavar="TASK", help="Print the JSON Schema of a task's recipes.")
    ] = None,
    json: Json = False,
) -> None:
    """List the shipped recipes, or print one.

    \b
    regard recipes
    regard recipes translate/multi30k_deen > my.yaml
    regard recipes --schema translate > recipe.schema.json     (for your editor)
    """
    from regard import recipe, recipe_schema
    from regard.recipe import UserError, kinds, nearest

    if schema is not None:
        if schema not in kinds("tasks"):
            raise UserError(f"no task {schema!r}; {nearest(schema, kinds('tasks'))}")
        say.write(recipe_schema.schema(schema) + "\n")
    elif name is not None:
        from regard.export import base

        path = recipe.find(name)
        text = path.read_text("utf-8")
        if json:
            told = {"name": name, "says": header(path), "recipe": recipe.read(path)}
            say.document({**told, "exports": base.exports(recipe.load(name))})
        else:
            say.write(text)
            say.note(base.told(recipe.load(name)))
    else:
        known = {name: header(path) for name, path in recipe.shipped().items()}
        if json:
            say.document([{"name": name, "says": says} for name, says in known.items()])
            return
        width = max(map(len, known), default=0)
        for name, says in known.items():
            say.write(f"{name:<{width}}  {says.partition(chr(10))[0]}\n")


def header(path: Path) -> str:
    """The comment that a recipe begins with."""
    lines = []
    for line in path.read_text("utf-8").split("\n"):
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return "\n".join(lines)
