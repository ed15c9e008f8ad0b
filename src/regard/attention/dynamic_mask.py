"""Dynamic mask attention: a learned soft mask of token, distance and head weighs every key.

Branch: Architecture / Alternatives
Paper: Mask Attention Networks, Fan et al. 2021, https://arxiv.org/abs/2103.13597
Formula: weights = m_ts exp(q_t k_s^T / sqrt(K)) / sum over keys,
  m_ts = sigmoid(q_t w + P(t - s) + U_h)
Cost: time O(T S D), memory O(T S)
Causal: yes
Scores: yes
Limit: with P the same at all distances, or U without bound, it is dense attention; with P without
  bound below but at distance 0, it is the value itself

The paper reads the token itself, h_t W; here it is read through its query, which is a linear map of
it. Distances beyond `clip` look alike. The paper puts this before a layer of dense attention: two
blocks do that here. A memory is refused: distances to it mean nothing.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.attention._turns import refuse_turns
from regard.attention.base import Attention, Core, CoreConfig
from regard.attention.scope import Scope, masked_softmax
from regard.attention.softmax import Softmax
from regard.position.base import Position
from regard.recipe import UserError


class Config(CoreConfig):
    """`clip`: farther than this, all distances look alike."""

    clip: int = 64

    def core(self, width: int) -> "DynamicMask":
        """The mechanism."""
        if self.clip < 1:
            raise UserError("dynamic_mask: with a clip of 0 no mask is left; give 1 or more")
        return DynamicMask(self.heads, width, self.clip)

    def build(
        self, dim: int, position: Position | None = None, memory: int | None = None
    ) -> Attention:
        """Attention whose queries are not turned: the mask reads the token in them."""
        refuse_turns("dynamic_mask", "reads the token in its query", position)
        return super().build(dim, position, memory)


class DynamicMask(Softmax):
    """The mask's logarithm is added to the scores."""

    cross = False

    def __init__(self, heads: int, width: int, clip: int):
        super().__init__()
        self.clip = clip
        self.token = nn.Parameter(torch.randn(heads, width) * (heads * width) ** -0.5)  # w
        self.distance = nn.Parameter(torch.zeros(2 * clip + 1))  # P
        self.head = nn.Parameter(torch.zeros(heads))  # U

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """The plain form: the mask has a number for every pair."""
        return Core.attend(self, q, k, v, scope)

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """Softmax of scores and mask."""
        scores, bias = self.score(q, k) + self.mask(q, scope), scope.bias(q, k)
        return masked_softmax(scores if bias is None else scores + bias, scope)

    def mask(self, q: Tensor, scope: Scope) -> Tensor:
        """Logarithm of the soft mask, B H T S."""
        far = scope.q_pos[:, :, None] - scope.k_pos[:, None, :]  # B T S
        distance = self.distance[far.clamp(-self.clip, self.clip) + self.clip]
        token = torch.einsum("bhtk,hk->bt", q, self.token)
        return F.logsigmoid((token[..., None] + distance)[:, None] + self.head[:, None, None])
