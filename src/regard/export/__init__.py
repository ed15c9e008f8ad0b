"""Models for other engines, each with a report on how exact it is: `regard.export(run, ...)`."""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from regard.export.parity import Report


def verb(
    run: Any,
    out: "str | Path | None" = None,
    *,
    to: str,
    precision: str | None = None,
    sentences: int = 200,
    source: "str | Path | None" = None,
) -> "Report":
    """Export a run (or what `regard.load` gave) to a kind such as "ctranslate2"; the parity report.

    `out` is RUN/exports/KIND-PRECISION unless given. The report compares answers to so many
    sentences of the run's dev corpus, or of the file `source`. Raises UserError if the recipe
    cannot have this export, or its library or the sentences are missing.
    """
    from regard.export.base import export
    from regard.export.parity import Sample

    return export(run, out, to, precision, Sample(sentences, source))


class Verb(ModuleType):
    """A package that is a verb too: `regard.export` is one thing whoever imported what first."""

    __call__ = staticmethod(verb)


sys.modules[__name__].__class__ = Verb
