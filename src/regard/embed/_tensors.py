"""What the word2ket embeddings share: many small vectors whose tensor products are large ones.

`V` vocabulary, `D` width, `n` order (how many vectors are multiplied), `r` rank (how many products
are added).
"""

from itertools import count

from torch import Tensor

from regard.embed._rows import RowsConfig
from regard.recipe import UserError, kind_of


class TensorConfig(RowsConfig):
    """`order`: how many small vectors are multiplied; `rank`: how many products are added."""

    order: int = 2
    rank: int = 2

    def check(self) -> None:
        """Raises UserError for a product or a sum of nothing."""
        if min(self.order, self.rank) < 1:
            raise UserError(
                f"{kind_of(self)}: order {self.order} and rank {self.rank} leave nothing to "
                "multiply or add; give 1 or more of each"
            )

    def spread(self, dim: int) -> float:
        """Standard deviation of the small ones that gives rows variance 1/D."""
        return (self.rank * dim) ** (-0.5 / self.order)


def root(size: int, order: int) -> int:
    """The smallest number whose power `order` is `size` or more."""
    return next(q for q in count(1) if q**order >= size)


def product(a: Tensor, b: Tensor) -> Tensor:
    """Tensor product of the last dimensions: ... p, ... q -> ... pq."""
    return (a[..., :, None] * b[..., None, :]).flatten(-2)
