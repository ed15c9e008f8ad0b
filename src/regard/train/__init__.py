"""One loop for every task, and what it leans on. It can be called: `regard.train(recipe)`."""

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from regard.run import Run


def verb(
    name: "str | Path",
    *changes: str,
    out: "str | Path | None" = None,
    device: str = "auto",
    quiet: bool = False,
    processes: int | None = None,
) -> "Run":
    """Train a recipe (a shipped name or a .yaml file) with `key=value` changes into a folder.

    `out` is runs/<name of the recipe> unless given. A run that was begun goes on; one that ended
    is left as it is. `processes`: how many train on a CPU, each on its share of the cores (else as
    many as pay). Raises UserError if the recipe or its data is not as it should be.
    """
    from regard import recipe as recipes
    from regard.run import Run

    run = Run(out or f"runs/{recipes.find(str(name)).stem}")
    recipe = recipes.load(name, changes).settled(run)
    ended = (run.folder / "README.md").exists() and run.model.exists()  # the card is written last
    if not (ended and recipes.dump(run.recipe) == recipes.dump(recipe)):
        from regard.train.training import train

        train(recipe, run.folder, device, quiet, processes=processes)
    return run


class Verb(ModuleType):
    """A package that is a verb too: `regard.train` is one thing whoever imported what first."""

    __call__ = staticmethod(verb)


sys.modules[__name__].__class__ = Verb
