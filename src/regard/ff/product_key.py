"""Product-key memory: a token reads the best few of very many slots, found by halves of their keys.

Branch: FFN / Larger capacity
Paper: Large Memory Layers with Product Keys, Lample et al. 2019, section 3,
  https://arxiv.org/abs/1907.05242
Formula: sum over heads of softmax(s_1 ... s_top) (v_1 ... v_top), the `top` slots (i, j) of the
  largest s_ij = q' . a_i + q" . b_j, where q', q" = norm(x Q + c) and slots are all pairs
Cost: time O(T H (C D + top^2 + top D)), memory O(T H (C + top^2) + C^2 D) for C^2 slots, H heads
Causal: yes
Scores: no
Limit: with all slots chosen it is a softmax over the whole memory

The best slots are exact: nobody is among the best pairs whose halves are not among the best halves.
The paper's batch norm of queries, by which rows would notice each other and a decoder look ahead,
is a layer norm of each half here.

`B` rows, `T` tokens, `D` width, `H` heads, `K` width of a query, `C` keys of a half.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.dropout import Dropout
from regard.ff.base import FeedForward, FeedForwardConfig
from regard.pass_ import Pass
from regard.recipe import Rate, UserError


class Config(FeedForwardConfig):
    """`width`: of a query (0: half the stream's); `keys` of each half, so that there are their
    square of slots; each of the `heads` reads the `top` of them; `dropout` drops slots.
    """

    keys: int = 128
    heads: int = 4
    top: int = 32
    dropout: Rate = 0.0

    def build(self, dim: int) -> "ProductKey":
        """Queries, keys and values. Raises UserError for sizes that do not fit."""
        width = self.width or dim // 2
        if width < 4 or width % 2:
            raise UserError(
                f"product_key: a query of width {width} has no two halves worth norming; give 4, 6 "
                "or any larger even number"
            )
        if self.heads < 1 or not 1 <= self.top <= self.keys**2:
            raise UserError(
                f"product_key: {self.heads} heads cannot read the top {self.top} of "
                f"{self.keys**2} slots; give 1 head or more and a top from 1 to keys^2"
            )
        return ProductKey(dim, width, self)


class ProductKey(FeedForward):
    """All heads share the values (C^2 D)."""

    def __init__(self, dim: int, width: int, config: Config):
        super().__init__()
        H, C, self.top = config.heads, config.keys, config.top
        self.query, self.norm = nn.Linear(dim, H * width), nn.LayerNorm(width // 2)
        reach = (width // 2) ** -0.5
        self.keys = nn.Parameter(torch.empty(H, 2, C, width // 2).uniform_(-reach, reach))
        self.values = nn.Parameter(torch.randn(C * C, dim) * dim**-0.5)
        self.drop = Dropout(config.dropout)

    def forward(self, x: Tensor, pass_: Pass) -> Tensor:
        """B T D -> B T D."""
        q = self.norm(self.query(x).unflatten(-1, (len(self.keys), 2, -1)))  # B T H 2 K/2
        halves = torch.einsum("bthsk,hsck->bthsc", q, self.keys)
        weights, slots = self.best(halves)  # B T H top
        weights = self.drop(weights.to(self.values.dtype))
        read = F.embedding_bag(
            slots.flatten(0, 1).flatten(1), self.values, mode="sum",
            per_sample_weights=weights.flatten(0, 1).flatten(1),
        )  # fmt: skip
        return read.view(x.shape)

    def best(self, halves: Tensor) -> tuple[Tensor, Tensor]:
        """Weights and numbers of the top slots (B T H top), given the scores of half keys."""
        C = halves.size(-1)
        score, who = halves.topk(min(self.top, C))  # B T H 2 n
        pairs = score[..., 0, :, None] + score[..., 1, None, :]  # B T H n n
        slots = C * who[..., 0, :, None] + who[..., 1, None, :]
        score, at = pairs.flatten(-2).topk(self.top)
        return score.softmax(-1), slots.flatten(-2).gather(-1, at)
