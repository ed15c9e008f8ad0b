"""Dot attention, q . k with nothing learned (Luong et al. 2015, https://arxiv.org/abs/1508.04025,
3.1). Time O(T S D).
"""

from torch import Tensor

from regard.attention.base import Core, CoreConfig, per_head


class Config(CoreConfig):
    """One head, as in the paper."""

    heads: int = 1

    def core(self, width: int) -> "Dot":
        """The mechanism."""
        return Dot()


class Dot(Core):
    """Query and memory are compared as they come, so their widths must be equal."""

    uses = ""

    def score(self, q: Tensor, k: Tensor) -> Tensor:
        """Plain products, unscaled."""
        return q @ per_head(k, q.size(1)).transpose(-1, -2)
