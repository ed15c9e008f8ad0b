"""Regard: train a translator on your own text, look inside it, prove how good it is, use it.

A name is imported when it is first asked for, so that `import regard` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regard.api import Loaded, adapt, load
    from regard.evaluate.scores import Score, bleu, chrf, exact_match, ter
    from regard.evaluate.significance import Verdict, paired_bootstrap
    from regard.evaluate.slices import Slice, slices
    from regard.export import verb as export
    from regard.look.maps import Look
    from regard.outside import import_checkpoint
    from regard.recipe import UserError
    from regard.run import Run
    from regard.tasks.translator import Translation
    from regard.train import verb as train

__all__ = [
    "Loaded", "Look", "Run", "Score", "Slice", "Translation", "UserError", "Verdict", "adapt",
    "bleu", "chrf", "exact_match", "export", "import_checkpoint", "load", "paired_bootstrap",
    "slices", "ter", "train",
]  # fmt: skip

_HOMES = {
    "regard.api": ("Loaded", "adapt", "load"),
    "regard.evaluate.scores": ("Score", "bleu", "chrf", "exact_match", "ter"),
    "regard.evaluate.significance": ("Verdict", "paired_bootstrap"),
    "regard.evaluate.slices": ("Slice", "slices"),
    "regard.look.maps": ("Look",),
    "regard.outside": ("import_checkpoint",),
    "regard.recipe": ("UserError",),
    "regard.run": ("Run",),
    "regard.tasks.translator": ("Translation",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in ("train", "export"):  # the folder itself, which can be called
        return import_module(f"regard.{name}")
    if name == "__version__":
        return _version()
    if name not in _HOME:
        raise AttributeError(f"module 'regard' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("regard")
    except PackageNotFoundError:
        return "(not installed)"
