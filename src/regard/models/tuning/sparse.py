"""Everything learns, but for the weights of linear maps that are 0: they stay so.

Retraining after pruning, Han et al. 2015 (https://arxiv.org/abs/1506.02626, 3).
"""

from collections.abc import Callable

from torch import Tensor, nn

from regard.models.tuning.base import TuningConfig


class Config(TuningConfig):
    """Nothing to set: the weights that training begins with tell which they are."""

    def apply(self, model: nn.Module, reader: str) -> None:
        """No gradient reaches them, so that no update moves them."""
        for part in model.modules():
            if isinstance(part, nn.Linear):
                part.weight.register_hook(only_where(part.weight))


def only_where(weight: Tensor) -> Callable[[Tensor], Tensor]:
    """A hook that keeps the gradient where the weight is not 0."""
    return lambda gradient: gradient * (weight != 0)
