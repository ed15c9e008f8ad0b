"""Nystromformer: landmarks stand between queries and keys; a pseudo-inverse makes good for them.

Branch: Attention / Low rank
Paper: Nystromformer, Xiong et al. 2021, section 3, https://arxiv.org/abs/2102.03902
Formula: softmax(q k~^T) softmax(q~ k~^T)^+ softmax(q~ k^T) v, scores by sqrt(K); q~, k~ are means
  of segments of the row; the inverse by Newton: Z <- Z (13 - AZ (15 - AZ (7 - AZ))) / 4
Cost: time O(T landmarks D + landmarks^3), memory O(T landmarks)
Causal: no, since landmarks are means over later positions too
Scores: no
Limit: with every position a landmark it is dense attention, as the iterations go on

A row of fewer positions than landmarks has as many as it has positions. The paper's convolution
beside it, over values, is left to other parts.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from regard.attention._rows import ranks, real
from regard.attention.base import Core, CoreConfig
from regard.attention.scope import Scope
from regard.attention.softmax import Softmax
from regard.pass_ import Keys, layout_of
from regard.recipe import UserError


class Config(CoreConfig):
    """`landmarks` of a row; `iterations` towards the inverse."""

    landmarks: int = 64
    iterations: int = 6

    def core(self, width: int) -> "Nystrom":
        """The mechanism."""
        if self.landmarks < 1 or self.iterations < 0:
            raise UserError("nystrom: landmarks are 1 or more, iterations 0 or more")
        return Nystrom(self.landmarks, self.iterations)


class Nystrom(Core):
    """Three softmaxes, none of all pairs."""

    scores = False
    incremental = False
    cross = False

    def __init__(self, landmarks: int, iterations: int):
        super().__init__()
        self.landmarks, self.iterations, self.dense = landmarks, iterations, Softmax()

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """B H T K."""
        segment = segments(real(scope), self.landmarks).to(q.dtype)  # B L T
        size = segment.sum(-1)
        mean = (segment / size.clamp_min(1)[..., None])[:, None]
        near_q, near_k = mean @ q, mean @ k  # B H L K
        live = size > 0
        index = torch.arange(live.size(1), device=q.device).expand_as(live)
        marks = Scope(scope.q_pos, Keys(index, live, layout_of(live)))

        between = self.dense.weights(near_q, near_k, marks)  # B H L L
        between = between.masked_fill(~live[:, None, :, None], 0.0)
        values = self.dense.attend(near_q, k, v, scope)
        return self.dense.attend(q, near_k, inverse(between, self.iterations) @ values, marks)


def segments(ok: Tensor, most: int) -> Tensor:
    """B L T: 1 where a real position lies in a segment; segments differ by at most one in size."""
    most = min(most, ok.size(1))  # L
    length = ok.sum(1, keepdim=True)
    index = ranks(ok) * length.clamp_max(most) // length.clamp_min(1)
    return (F.one_hot(index, most) * ok[..., None]).transpose(1, 2)


def inverse(a: Tensor, iterations: int) -> Tensor:
    """The pseudo-inverse of a (... L L), nearly; in 32 bits at least, since it is iterated."""
    with torch.autocast(a.device.type, enabled=False):
        a = a.to(torch.promote_types(a.dtype, torch.float32))
        size = a.abs().sum(-1).amax(-1) * a.abs().sum(-2).amax(-1)
        z = a.transpose(-1, -2) / size.masked_fill(size == 0, 1.0)[..., None, None]
        one = torch.eye(a.size(-1), dtype=a.dtype, device=a.device)
        for _ in range(iterations):
            az = a @ z
            z = z @ (13 * one - az @ (15 * one - az @ (7 * one - az))) / 4
    return z
