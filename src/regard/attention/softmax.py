"""Scaled dot-product attention: each query takes of every key's value as much as they agree.

Branch: Attention / Dense
Paper: Transformer, Vaswani et al. 2017, section 3.2.1, https://arxiv.org/abs/1706.03762
Formula: softmax(q k^T / sqrt(K)) v
Cost: time O(T S D), memory O(T S), less where a fused kernel runs
Causal: yes
Scores: yes
Limit: queries of 0 take the mean of all values
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from regard.attention.base import Core, CoreConfig, per_head
from regard.attention.scope import Scope
from regard.recipe import Rate

FEW = 16  # queries of a row


class Config(CoreConfig):
    """`dropout` drops weights."""

    dropout: Rate = 0.0

    def core(self, width: int) -> "Softmax":
        """The mechanism."""
        return Softmax(self.dropout)


class Softmax(Core):
    """Uses PyTorch's fused kernel, with its own causal mask where that is exact."""

    def __init__(self, dropout: float = 0.0):
        super().__init__()
        self.dropout = dropout

    def score(self, q: Tensor, k: Tensor) -> Tensor:
        """Scaled products."""
        return q @ per_head(k, q.size(1)).transpose(-1, -2) * q.size(-1) ** -0.5

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """The same result as the plain form, from a kernel that need not keep the weights."""
        if is_few(q, 1) and scope.open and not scope.position.scores:
            return single(q, per_head(k, q.size(1)), per_head(v, q.size(1)))
        if scope.position.weighs or is_few(q, FEW):
            return super().attend(q, k, v, scope)
        bias = scope.bias(q, k)
        k, v = per_head(k, q.size(1)), per_head(v, q.size(1))
        drop = self.dropout if self.training else 0.0
        if bias is None and scope.causal:
            return fused(q, k, v, dropout_p=drop, is_causal=True)
        mask = scope.allow()
        if bias is not None:
            mask = bias if mask is None else bias.masked_fill(~mask, float("-inf"))
        return fused(q, k, v, attn_mask=mask, dropout_p=drop)


def is_few(q: Tensor, most: int) -> bool:
    """Are so few queries a row asked on a CPU, as in a search, that plain products are faster?

    The kernel made for many queries takes up rows and heads one by one.
    """
    return (
        q.size(2) <= most
        and q.device.type == "cpu"
        and q.dtype == torch.float32
        and not torch.is_grad_enabled()
        and not torch.jit.is_tracing()  # a graph is for any number
    )


def single(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """One query a row, nothing hidden: products slot by slot, as a cache keeps them."""
    k, v = k.permute(2, 0, 1, 3), v.permute(2, 0, 1, 3)  # S B H K
    weights = (k * (q[:, :, 0] * q.size(-1) ** -0.5)).sum(-1).softmax(0)  # S B H
    return (weights[..., None] * v).sum(0)[:, :, None]


def fused(q: Tensor, k: Tensor, v: Tensor, **how: Any) -> Tensor:
    """PyTorch's kernel; on a CPU always in float32, since its bfloat16 one is several times
    slower.
    """
    if q.device.type != "cpu":
        return F.scaled_dot_product_attention(q, k, v, **how)
    with torch.autocast("cpu", enabled=False):
        if q.dtype == torch.bfloat16:
            q, k, v = q.float(), k.float(), v.float()
        return F.scaled_dot_product_attention(q, k, v, **how)
