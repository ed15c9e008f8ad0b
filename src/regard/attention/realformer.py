"""RealFormer: scores of the layer below are added to one's own (He et al. 2020,
https://arxiv.org/abs/2012.11747, 3).

Time and memory O(T S D): the scores have to exist.
"""

from torch import Tensor

from regard.attention.base import CoreConfig
from regard.attention.scope import Scope, masked_softmax
from regard.attention.softmax import Softmax


class Config(CoreConfig):
    """Nothing more to set."""

    def core(self, width: int) -> "RealFormer":
        """The mechanism."""
        return RealFormer()


class RealFormer(Softmax):
    """Self-attention hands its scores on through the Pass; cross-attention has no layer below
    it.
    """

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """The plain form: the weights are needed."""
        return super(Softmax, self).attend(q, k, v, scope)

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """Softmax of the sum of all scores so far."""
        scores, trip = self.score(q, k), scope.trip
        bias = scope.bias(q, k)
        if bias is not None:
            scores = scores + bias
        if trip is not None:
            if trip.scores is not None:
                scores = scores + trip.scores
            trip.scores = scores
        return masked_softmax(scores, scope)
