"""Attention whose weights are worked out in one layer and reused by the next ones.

Branch: Attention / Prior: lower modules
Paper: LazyFormer, Ying et al. 2021, https://arxiv.org/abs/2102.12702
Formula: layer l: W v; W = softmax(q k^T / sqrt(K)) if l is a multiple of `every`, else the W below
Cost: time O(T S D), memory O(T S); layers that reuse have no queries and keys to make or compare
Causal: yes
Scores: yes
Limit: every = 1 is dense attention in each layer

A stack tells its parts which layer they are in (`Config.at`). Where layers are not told apart, as
in one block used again and again, each works out its own. Scores travel in the Pass, so that rows
may leave or skip layers on the way; who skipped the one that makes scores looks everywhere alike.
A memory is refused, and so are positions that add to values. The keys that a decoder keeps for a
layer that reuses are never looked at.
"""

from torch import Tensor

from regard.attention._prior import Prior, with_bias
from regard.attention.base import Attention, Core, CoreConfig
from regard.attention.scope import Scope, masked_softmax
from regard.position.base import Position
from regard.recipe import UserError


class Config(CoreConfig):
    """`every`: the first of so many layers works out the weights that all of them use."""

    every: int = 2

    def at(self, layer: int) -> "Config":
        """The settings of that layer: others where it reuses."""
        return Reusing(**self.model_dump()) if self.every > 0 and layer % self.every else self

    def core(self, width: int) -> Core:
        """The mechanism."""
        if self.every < 1:
            raise UserError(
                f"lazyformer: weights cannot be made every {self.every} layers; give 1 or more"
            )
        return LazyFormer()

    def build(
        self, dim: int, position: Position | None = None, memory: int | None = None
    ) -> Attention:
        """Attention that makes weights.

        Raises UserError for positions that would be lost where they are reused.
        """
        if position is not None and position.weighs:
            raise UserError(
                f"{type(position).__name__} adds to values and LazyFormer hands on weights alone: "
                "use rotary or sinusoidal"
            )
        return super().build(dim, position, memory)


class Reusing(Config):
    """A layer that takes the weights of the layer below."""

    def core(self, width: int) -> Core:
        """The mechanism without queries and keys."""
        return LazyFormerAbove()

    def build(
        self, dim: int, position: Position | None = None, memory: int | None = None
    ) -> Attention:
        """Positions are in the weights already."""
        return super().build(dim, None, memory)


class LazyFormer(Prior):
    """Dense; leaves its scores with the trip."""

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """Softmax of the scores."""
        scores = with_bias(self.score(q, k), q, k, scope)
        if scope.trip is not None:
            scope.trip.scores = scores
        return masked_softmax(scores, scope)


class LazyFormerAbove(Core):
    """Values alone are its own."""

    uses = "vo"
    cross = False

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """Those of the layer below, from its scores."""
        scores = scope.trip.scores if scope.trip is not None else None
        if scores is None:
            scores = q.new_zeros(*q.shape[:3], k.size(2))
        return masked_softmax(scores, scope)
