"""Dot attention: query and key are compared as they come, with nothing learned.

Branch: Beside the survey / Recurrent translation
Paper: Luong attention (dot), Luong et al. 2015, section 3.1, https://arxiv.org/abs/1508.04025
Formula: softmax(q k^T) v
Cost: time O(T S D), memory O(T S)
Causal: yes
Scores: yes
Limit: with queries divided by sqrt(K) it is scaled dot-product attention
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
