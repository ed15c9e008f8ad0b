"""Disentangled attention: words ask distances, and distances ask words, beside words asking words.

Branch: Position / Relative
Paper: DeBERTa, He et al. 2020, section 3.1, https://arxiv.org/abs/2006.03654
Formula: score = (q_i . k_j + q_i . A P(d(i, j)) + k_j . C P(d(j, i))) / sqrt(3 K),
  d(i, j) = i - j + clip, held between 0 and 2 clip - 1
Cost: time O((T + S) clip D + clip D^2 + T S H), memory O(T S H)
Causal: yes
Scores: yes
Limit: a table of zeros leaves softmax of q . k / sqrt(3 K)

In the paper all layers share P; here each layer has its own, as it has its own A and C. The 3
of the scale enters by `turn`: queries, keys and P are all made smaller by 3^(1/4).
The paper's mask decoder, which adds absolute positions at the end, is no part of this.
"""

from torch import Tensor, nn

from regard.position.base import Position, PositionConfig
from regard.recipe import UserError

THIRD = 3**-0.25  # of queries and of keys, so that their products are divided by sqrt(3)


class Config(PositionConfig):
    """`clip`: farther than this, all distances look alike."""

    clip: int = 64

    def build(self, dim: int, heads: int) -> "Deberta":
        """One table and its two projections a layer."""
        if self.clip < 1:
            raise UserError("deberta: a clip of 0 tells no distances apart; give 1 or more")
        return Deberta(dim, heads, self.clip)


class Deberta(Position):
    """Content to position and position to content; position to position tells nothing."""

    scores, per_layer = True, True

    def __init__(self, dim: int, heads: int, clip: int):
        super().__init__()
        self.heads, self.clip = heads, clip
        self.table = nn.Embedding(2 * clip, dim)
        self.q, self.k = nn.Linear(dim, dim, bias=False), nn.Linear(dim, dim, bias=False)

    def turn(self, x: Tensor, pos: Tensor) -> Tensor:
        """Scores have three terms: their scale is sqrt(3 K) in all."""
        return x * THIRD

    def bias(self, q: Tensor, k: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """Every query and every key against all distances, then those of the pairs are taken."""
        k = k.repeat_interleave(self.heads // k.size(1), 1)
        asked = q @ self.vectors(self.k).transpose(-1, -2)  # B H T 2C
        asking = k @ self.vectors(self.q).transpose(-1, -2)  # B H S 2C
        far = (q_pos[:, :, None] - k_pos[:, None, :])[:, None].expand(-1, self.heads, -1, -1)
        to = asked.gather(-1, self.place(far))  # B H T S
        back = asking.gather(-1, self.place(-far.transpose(-1, -2))).transpose(-1, -2)
        return (to + back) * q.size(-1) ** -0.5

    def vectors(self, project: nn.Linear) -> Tensor:
        """H 2C K: of all distances, as keys or as queries."""
        rows = project(THIRD * self.table.weight)
        return rows.unflatten(-1, (self.heads, -1)).transpose(0, 1)

    def place(self, far: Tensor) -> Tensor:
        """Where in the table a distance stands: d of the formula."""
        return (far + self.clip).clamp(0, 2 * self.clip - 1)
