"""Where the norm stands around a part of a block: decided here and nowhere else.

Kind: pre
Branch: LayerNorm / Placement
Paper: On Layer Normalization in the Transformer Architecture, Xiong et al. 2020,
  https://arxiv.org/abs/2002.04745
Formula: x + f(n(x)), and a norm after the last block
Cost: time O(T D), memory O(T D)
Causal: yes
Scores: no
Limit: where the part answers nothing, the stream goes through as it is

Kind: post
Branch: LayerNorm / Placement
Paper: Attention Is All You Need, Vaswani et al. 2017, section 3.1, https://arxiv.org/abs/1706.03762
Formula: n(x + f(x))
Cost: time O(T D), memory O(T D)
Causal: yes
Scores: no
Limit: where the part answers nothing, it is the norm of the stream

Kind: sandwich
Branch: LayerNorm / Placement
Paper: CogView, Ding et al. 2021, https://arxiv.org/abs/2105.13290
Formula: x + n'(f(n(x))), and a norm after the last block
Cost: time O(T D), memory O(T D)
Causal: yes
Scores: no
Limit: it does not notice how large the part's answer is

Kind: rezero
Branch: LayerNorm / Norm-free
Paper: ReZero, Bachlechner et al. 2020, https://arxiv.org/abs/2003.04887
Formula: x + a f(x), a one number that starts at 0
Cost: time O(T D), memory O(T D)
Causal: yes
Scores: no
Limit: at its start a block is the identity, and so is its derivative

Kind: deepnorm
Branch: LayerNorm / Placement
Paper: DeepNet, Wang et al. 2022, https://arxiv.org/abs/2203.00555
Formula: n(alpha x + f(x)), alpha = (2 N)^(1/4) for N layers of one stack
Cost: time O(T D), memory O(T D)
Causal: yes
Scores: no
Limit: it is post with the part's answer divided by alpha

DeepNet also makes some weights smaller at the start; here they start as in any other block.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from regard.dropout import Dropout
from regard.norm.base import NormConfig

Placement = Literal["pre", "post", "sandwich", "rezero", "deepnorm"]


class Residual(nn.Module):
    """`before` the part and `after` it; x is a stream (B T D), ok its padding."""

    def __init__(self, dim: int, place: Placement, norm: NormConfig, dropout: float, depth: int):
        super().__init__()
        self.place, self.drop = place, Dropout(dropout)
        self.norm = norm.build(dim) if place != "rezero" else None
        self.second = norm.build(dim) if place == "sandwich" else None
        # DeepNorm, table 1, for N layers of one stack: alpha = (2N)^(1/4)
        self.alpha = (2 * depth) ** 0.25 if place == "deepnorm" else 1.0
        self.gate = nn.Parameter(torch.zeros(())) if place == "rezero" else None

    def before(self, x: Tensor, ok: Tensor | None) -> Tensor:
        """What the part gets to see."""
        if self.norm is not None and self.place in ("pre", "sandwich"):
            return self.norm(x, ok)
        return x

    def after(self, x: Tensor, y: Tensor, ok: Tensor | None) -> Tensor:
        """The stream x with the part's answer y."""
        if self.second is not None:
            y = self.second(y, ok)
        if self.gate is not None:
            y = self.gate * y
        x = self.alpha * x + self.drop(y) if self.alpha != 1.0 else x + self.drop(y)
        if self.norm is not None and self.place in ("post", "deepnorm"):
            return self.norm(x, ok)
        return x
