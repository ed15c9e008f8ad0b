"""What a way of tuning is: which parameters of a model learn, and what it adds to it."""

from torch import nn

from regard.recipe import Config as Settings


class TuningConfig(Settings):
    """A kind changes a model in place, before its weights are trained or loaded."""

    def apply(self, model: nn.Module, reader: str) -> None:
        """`reader`: the name of the part of the model that may have been trained before."""
        raise NotImplementedError
