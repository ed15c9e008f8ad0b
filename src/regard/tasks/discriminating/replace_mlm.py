"""Which token was here? Asked where the generator put another one, so that no <mask> is read.

"Replace MLM" of Clark et al. 2020, 3.4 (https://arxiv.org/abs/2003.10555): without the mask token,
which is never met in use.
"""

from torch import Tensor

from regard.models.electra import Electra
from regard.models.masked import Words
from regard.tasks.discriminating.base import DiscriminatingConfig
from regard.train.loss import best, smoothed


class Config(DiscriminatingConfig):
    """`weight` alone."""

    def head(self, dim: int, width: int, vocabulary: int) -> Words:
        """BERT's."""
        return Words(dim, width, vocabulary)

    def loss(self, model: Electra, x: Tensor, read: Tensor, was: Tensor) -> Tensor:
        """Cross-entropy."""
        return smoothed(model.head.hidden(x), (model.reader.embed.weight, model.head.bias), was)[0]

    def right(self, model: Electra, x: Tensor, read: Tensor, was: Tensor) -> Tensor:
        """The most probable token is it."""
        return best(model.head.hidden(x), (model.reader.embed.weight, model.head.bias)) == was
