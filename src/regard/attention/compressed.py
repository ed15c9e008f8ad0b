"""Memory-compressed attention: a strided convolution makes one key and value of every few.

Branch: Attention / Memory compression
Paper: Generating Wikipedia by Summarizing Long Sequences, Liu et al. 2018,
  https://arxiv.org/abs/1801.10198
Formula: softmax(q [conv(k)]^T / sqrt(K)) conv(v), a convolution of each head as wide as its stride
Cost: time O(T S D / stride), memory O(T S / stride)
Causal: yes
Scores: no
Limit: a stride of 1 whose convolution changes nothing is dense attention

Groups are of absolute positions, places without a key count as zeros. Causally a query sees the
groups before its own, compressed, and of its own group the keys up to itself as they are: the paper
has layers of local attention between for that. While writing, the past is compressed anew for each
token.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.attention._rows import real
from regard.attention.base import Core, CoreConfig
from regard.attention.scope import Causal, Rule, Scope
from regard.attention.softmax import Softmax
from regard.pass_ import Keys, layout_of
from regard.recipe import Rate, UserError


class Config(CoreConfig):
    """`stride` keys become one; `dropout` drops weights."""

    stride: int = 3
    dropout: Rate = 0.0

    def core(self, width: int) -> "Compressed":
        """The mechanism."""
        if self.stride < 1:
            raise UserError("compressed: one key is made of `stride` of them; give 1 or more")
        return Compressed(self.heads, width, self.stride, self.dropout)


class Compressed(Core):
    """Keys are laid out by position first, so that groups are the same wherever padding lies."""

    scores = False

    def __init__(self, heads: int, width: int, stride: int, dropout: float = 0.0):
        super().__init__()
        self.stride, self.dropout, self.dense = stride, dropout, Softmax(dropout)
        size = heads * width
        self.keys = nn.Conv1d(size, size, stride, stride, groups=heads)
        self.values = nn.Conv1d(size, size, stride, stride, groups=heads)

    def honours(self, rule: Rule) -> bool:
        """Of rules only the order of time, group by group."""
        return isinstance(rule, Causal)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """B H T K."""
        stride, ok = self.stride, real(scope)
        first = int(scope.k_pos.min()) // stride * stride
        size = (int(scope.k_pos.max()) - first) // stride * stride + stride  # P, places
        place = (scope.k_pos - first).masked_fill(~ok, size)  # B S; padding has none
        k, v = lay(k, place, size), lay(v, place, size)
        there = lay(ok[:, None, :, None], place, size)[:, 0, :, 0]  # B P
        short = compress(self.keys, k), compress(self.values, v)  # B H N K each
        live = there.unflatten(1, (-1, stride)).any(-1)  # B N
        if Causal() not in scope.rules:
            group = torch.arange(live.size(1), device=q.device).expand_as(live)
            keys = Keys(group, live, layout_of(live))
            return self.dense.attend(q, *short, Scope(scope.q_pos, keys))
        return self.causal(q, k, v, short, there, live, (scope.q_pos - first).clamp(0, size - 1))

    def causal(
        self, q: Tensor, k: Tensor, v: Tensor, short: tuple[Tensor, Tensor], there: Tensor,
        live: Tensor, own: Tensor,
    ) -> Tensor:  # fmt: skip
        """Queries at places `own` (B T) see earlier groups compressed, their own as it is."""
        B, T = own.shape
        N, stride = live.size(1), self.stride
        group = own // stride  # B T
        near = group[..., None] * stride + torch.arange(stride, device=q.device)  # B T stride
        near_ok = there.gather(1, near.flatten(1)).view_as(near) & (near <= own[..., None])
        far_ok = live[:, None] & (torch.arange(N, device=q.device) < group[..., None])
        k, v = (at_groups(x.unflatten(2, (N, stride)), group) for x in (k, v))  # B H T stride K

        q, low = q * q.size(-1) ** -0.5, torch.finfo(q.dtype).min
        far = (q @ short[0].transpose(-1, -2)).masked_fill(~far_ok[:, None], low)
        close = (k @ q[..., None])[..., 0].masked_fill(~near_ok[:, None], low)
        # who sees nothing is padding itself and takes anything; all others see themselves
        weights = F.dropout(torch.cat([far, close], -1).softmax(-1), self.dropout, self.training)
        far, close = weights.split((N, stride), -1)
        return far @ short[1] + (close[..., None, :] @ v)[..., 0, :]


def lay(x: Tensor, place: Tensor, size: int) -> Tensor:
    """x (B H S K) at its places (B S): B H P K, zeros where nothing stands; place P is no place."""
    room = x.new_zeros(*x.shape[:2], size + 1, x.size(-1))
    return room.scatter(2, place[:, None, :, None].expand_as(x), x)[:, :, :size]


def compress(conv: nn.Module, x: Tensor) -> Tensor:
    """B H P K -> B H N K."""
    heads = x.size(1)
    return conv(x.transpose(2, 3).flatten(1, 2)).unflatten(1, (heads, -1)).transpose(2, 3)


def at_groups(x: Tensor, group: Tensor) -> Tensor:
    """The groups (B T) of x (B H N stride K): B H T stride K."""
    index = group[:, None, :, None, None].expand(-1, x.size(1), -1, *x.shape[3:])
    return x.gather(2, index)
