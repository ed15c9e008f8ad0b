"""What a discriminator learns: where it is asked, with which head, at which loss.

`N` rows, `S` tokens; `M` tokens that it is asked of, `D` width, `E` the embedding's, `V`
vocabulary.
"""

from typing import ClassVar

from pydantic import Field
from torch import Tensor, nn

from regard.models.electra import Electra
from regard.recipe import Config as Settings


class DiscriminatingConfig(Settings):
    """`weight`: of its mean loss, beside the generator's."""

    everywhere: ClassVar[bool] = False  # asked of all tokens, not only of those that were hidden
    weight: float = Field(1.0, gt=0)

    def head(self, dim: int, width: int, vocabulary: int) -> nn.Module:
        """What reads the answer off vectors of width `dim`; `width`: the embedding's."""
        raise NotImplementedError

    def loss(self, model: Electra, x: Tensor, read: Tensor, was: Tensor) -> Tensor:
        """Summed over M; x (M D) the reader's vectors, read (M) what it read, was (M) the truth."""
        raise NotImplementedError

    def right(self, model: Electra, x: Tensor, read: Tensor, was: Tensor) -> Tensor:
        """Which answers are (M)."""
        raise NotImplementedError

    def odds(self, model: Electra, x: Tensor) -> Tensor | None:
        """Log-odds that a token was replaced (M); None if it is not what is told."""
        return None
