"""Everything learns."""

from torch import nn

from regard.models.tuning.base import TuningConfig


class Config(TuningConfig):
    """Nothing to set."""

    def apply(self, model: nn.Module, reader: str) -> None:
        """Leaves the model as it is."""
