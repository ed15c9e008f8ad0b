"""Checkpoints from outside: one file per family of models, named by its `model_type`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from regard.run import Run


def import_checkpoint(
    source: "str | Path", out: "str | Path | None" = None, *, task: str | None = None
) -> "Run":
    """The run that a checkpoint becomes: a folder, or a name on the hub such as OWNER/NAME.

    `out` is runs/NAME unless given; `task`, if given, is what the run must be one of. Raises
    UserError if the checkpoint is damaged, pickled, or of a kind that cannot be read.
    """
    from regard.outside._bring import bring

    return bring(source, out, task)
