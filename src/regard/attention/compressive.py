"""Compressive attention: what is near is seen as it is, what is old in groups made into one.

Branch: Architecture / Divide and conquer: recurrence
Paper: Compressive Transformer, Rae et al. 2019, section 3, https://arxiv.org/abs/1911.05507
Formula: with b = i - i mod segment - memory: softmax of q_i (k_j, conv(k)_g)^T / sqrt(K), times
  (v_j, conv(v)_g), over groups g of `stride` positions all before b, and over keys j of the others
Cost: time O(T (segment + memory + T / stride) D), memory O(T (segment + memory + T / stride))
Causal: yes
Scores: yes
Limit: a memory of T and more, or a stride of 1 whose convolution changes nothing, is dense

All old groups are kept (the paper keeps so many). Nothing stops their gradients, so the task's own
loss trains the compression; the paper trains it to reconstruct attention. An encoder reads so from
left to right, and its own segment whole.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from regard.attention._blocks import fold, square, unfold
from regard.attention._pattern import straight
from regard.attention._rows import real
from regard.attention.base import CoreConfig
from regard.attention.compressed import compress, lay
from regard.attention.scope import Causal, Rule, Scope
from regard.attention.softmax import Softmax
from regard.pass_ import Keys
from regard.recipe import Rate, UserError


class Config(CoreConfig):
    """Rows are read in segments of `segment` positions, with `memory` positions before them as they
    are and older ones in groups of `stride`; `dropout` drops weights.
    """

    segment: int = 64
    memory: int = 64
    stride: int = 4
    dropout: Rate = 0.0

    def core(self, width: int) -> "Compressive":
        """The mechanism."""
        if min(self.segment, self.stride) < 1 or self.memory < 0:
            raise UserError(
                "compressive: segment and stride are 1 or more positions, the memory 0 or more"
            )
        return Compressive(self, width)


@dataclass(frozen=True, eq=False)
class OldOrNear(Rule):
    """What is old as groups, which the last `groups` keys stand for, and what is near as it is."""

    config: Config
    groups: int

    def __call__(self, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """Groups stand where their last position does."""
        c = self.config
        begin = q_pos - q_pos % c.segment - c.memory
        old = k_pos - k_pos % c.stride + c.stride <= begin
        W = k_pos.size(-1)
        group = torch.arange(W, device=k_pos.device) >= W - self.groups
        later = (k_pos // c.segment) > (q_pos // c.segment)
        return (old == group) & ~later


class Compressive(Softmax):
    """Segments are blocks, each with its near keys and all groups; the rule says which count."""

    cross = False

    def __init__(self, config: Config, width: int):
        super().__init__(config.dropout)
        self.config, self.inner = config, Softmax(config.dropout)
        size = config.heads * width
        self.keys, self.values = (
            nn.Conv1d(size, size, config.stride, config.stride, groups=config.heads)
            for _ in range(2)
        )

    def honours(self, rule: Rule) -> bool:
        """Of rules only the order of time: a group has no place of its own."""
        return isinstance(rule, Causal)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """By segments; a few new tokens, and rows with holes, by the mask."""
        c, T = self.config, q.size(2)
        groups = self.old(k, v, scope)
        before = -(-(c.memory + c.stride - 1) // c.segment)
        whole = (before + 1) * c.segment >= T
        if whole or not square(q, k, scope) or not straight(scope, anchored=True):
            return self.inner.attend(*self.joined(q, k, v, scope, groups))
        near = fold(q, k, v, scope, c.segment, before, after=0)
        N = len(near[0]) // len(q)
        each = tuple(x.repeat_interleave(N, 0) for x in groups)
        return unfold(self.inner.attend(*self.joined(*near, each)), len(q), T)

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """B H T S, for pictures: what a group gets is shared evenly by its keys."""
        groups = self.old(k, k, scope)
        q, keys, _, inside = self.joined(q, k, k, scope, groups)
        near, old = self.inner.weights(q, keys, inside).split([k.size(2), groups[0].size(2)], -1)
        first = (groups[2][:, :1] + 1 - self.config.stride) // self.config.stride
        index = (scope.k_pos // self.config.stride - first).clamp(0, old.size(-1) - 1)  # B S
        ok = real(scope)
        size = torch.zeros_like(groups[2]).scatter_add(1, index, ok.long()).clamp_min(1)
        share = (old / size[:, None, None]).gather(-1, index[:, None, None].expand_as(near))
        return near + share * ok[:, None, None]

    def old(self, k: Tensor, v: Tensor, scope: Scope) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Keys and values (B H N K) of groups, where they end (B N), and which hold anything."""
        stride, ok = self.config.stride, real(scope)
        first = int(scope.k_pos.min()) // stride * stride
        size = (int(scope.k_pos.max()) - first) // stride * stride + stride
        place = (scope.k_pos - first).masked_fill(~ok, size)  # B S; padding has none
        there = lay(ok[:, None, :, None], place, size)[:, 0, :, 0]  # B P
        live = there.unflatten(1, (-1, stride)).any(-1)
        ends = torch.arange(live.size(1), device=k.device) * stride + first + stride - 1
        short = (compress(conv, lay(x, place, size))
                 for conv, x in ((self.keys, k), (self.values, v)))  # fmt: skip
        return *short, ends.expand_as(live), live  # type: ignore[return-value]

    def joined(
        self, q: Tensor, k: Tensor, v: Tensor, scope: Scope, groups: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor, Tensor, Scope]:
        """Near keys and groups as one row of keys, and the rule that tells them apart."""
        keys, values, ends, live = groups
        where = Keys(torch.cat([scope.k_pos, ends], 1), torch.cat([real(scope), live], 1), "holes")
        rules = (*scope.rules, OldOrNear(self.config, ends.size(1)))
        inside = Scope(scope.q_pos, where, rules).at(scope.position)
        return q, torch.cat([k, keys], 2), torch.cat([v, values], 2), inside
