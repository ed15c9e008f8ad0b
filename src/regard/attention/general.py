"""General attention: a learned matrix stands between query and key.

Branch: Beside the survey / Recurrent translation
Paper: Luong attention (general), Luong et al. 2015, section 3.1, https://arxiv.org/abs/1508.04025
Formula: softmax(q W k^T) v; W is the outer projection of the key
Cost: time O(T S D), memory O(T S)
Causal: yes
Scores: yes
Limit: W = 1 is dot attention
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
