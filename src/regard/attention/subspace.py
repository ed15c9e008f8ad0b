"""Subspace attention (MSSA): query, key and value are one projection, so that tokens cluster.

Branch: Beside the survey / Coding rate
Paper: CRATE, Yu et al. 2023, section 2.3, https://arxiv.org/abs/2306.01129
Formula: y_h = softmax of u_h u_h^T / sqrt(K), times u_h; u_h = x U_h
Cost: time O(T S D), memory O(T S) (less where a fused kernel runs)
Causal: yes
Scores: yes
Limit: dense attention whose three projections are one; long tokens at right angles keep their u

The paper multiplies by U_h once more; here, as in its code, the output projection is learned, and
scores are divided by sqrt(K). In a state the tokens lie beside their projections, unread.
"""

from torch import Tensor

from regard.attention._turns import refuse_turns
from regard.attention.base import Attention, CoreConfig
from regard.attention.scope import Scope
from regard.attention.softmax import Softmax
from regard.position.base import Position
from regard.recipe import Rate


class Config(CoreConfig):
    """`dropout` drops weights."""

    dropout: Rate = 0.0

    def core(self, width: int) -> "Subspace":
        """The mechanism."""
        return Subspace(self.dropout)

    def build(
        self, dim: int, position: Position | None = None, memory: int | None = None
    ) -> Attention:
        """Attention whose keys are not turned: they are the values too."""
        refuse_turns("subspace", "takes its keys as values", position)
        return super().build(dim, position, memory)


class Subspace(Softmax):
    """Keys are projected; the newest of them are the queries, and all of them the values."""

    uses = "ko"
    cross = False

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """Dense attention of the projection to itself; q and v, the bare tokens, stay unused."""
        return super().attend(newest(k, q), k, k, scope)

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """B H T S."""
        return super().weights(newest(k, q), k, scope)


def newest(k: Tensor, q: Tensor) -> Tensor:
    """The projections of this trip's tokens: the last T of k (B H S K)."""
    return k[:, :, k.size(2) - q.size(2) :]
