"""Dense attention whose scores are added to those of the layer below.

Branch: Attention / Prior: lower modules
Paper: RealFormer, He et al. 2020, section 3, https://arxiv.org/abs/2012.11747
Formula: softmax(q k^T / sqrt(K) + A') v, where A' are the sums of the scores of all layers below
Cost: time O(T S D), memory O(T S): the scores have to exist
Causal: yes
Scores: yes
Limit: without a layer below it is dense attention
"""

from torch import Tensor

from regard.attention._prior import Prior, with_bias
from regard.attention.base import CoreConfig
from regard.attention.scope import Scope, masked_softmax


class Config(CoreConfig):
    """Nothing more to set."""

    def core(self, width: int) -> "RealFormer":
        """The mechanism."""
        return RealFormer()


class RealFormer(Prior):
    """Self-attention hands its scores on through the Pass; cross-attention has no layer below
    it.
    """

    cross = True

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """Softmax of the sum of all scores so far."""
        scores, trip = with_bias(self.score(q, k), q, k, scope), scope.trip
        if trip is not None:
            if trip.scores is not None:
                scores = scores + trip.scores
            trip.scores = scores
        return masked_softmax(scores, scope)
