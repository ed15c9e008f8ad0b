"""General attention, q W k (Luong et al. 2015, https://arxiv.org/abs/1508.04025, 3.1). Time O(T S
D).
"""

from torch import Tensor

from regard.attention.base import Core, CoreConfig, per_head


class Config(CoreConfig):
    """One head, as in the paper."""

    heads: int = 1

    def core(self, width: int) -> "General":
        """The mechanism."""
        return General()


class General(Core):
    """W is the outer projection of the key, so memory of any width will do."""

    uses = "k"

    def score(self, q: Tensor, k: Tensor) -> Tensor:
        """Products with the projected key, unscaled."""
        return q @ per_head(k, q.size(1)).transpose(-1, -2)
