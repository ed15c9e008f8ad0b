"""Feedback Transformer: what a position leaves behind is one mixture of all its layers.

Branch: Architecture / Cross-block connectivity
Paper: Addressing Some Limitations of Transformers with Feedback Memory, Fan et al. 2020,
  https://arxiv.org/abs/2002.09402
Formula: m_t = sum over l of softmax(w)_l x_t^l, l = 0 to L; x_t^l = block_l(x_t^(l-1)) over
  m_1, ..., m_(t-1) and x_t^(l-1) itself
Cost: time of its blocks, but token by token also in training; memory of its blocks
Causal: yes
Scores: no, but the mixers of its blocks may
Limit: one layer, all weight on the bottom, is plain; more layers, all weight on the bottom, need
  no recurrence: every layer's queries ask the embeddings

A decoder only: positions wait for the top of those before them. Differs from the paper in that a
position also sees itself as it stands in this layer (else the first would see nothing), and that
every layer projects the memory by maps of its own, which the paper may share.
`B` rows, `T` tokens, `D` width.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from regard.block.base import Layer
from regard.pass_ import Keys, Pass, layout_of
from regard.recipe import UserError
from regard.stack.plain import Config as Plain
from regard.stack.plain import PlainEncoder, Stack


class Config(Plain):
    """As plain."""

    reads = False

    def encoder(self, dim: int) -> PlainEncoder:
        """Refused."""
        raise UserError("feedback: positions wait for those before them; use it as a decoder")

    def stack(self, dim: int, cross: bool) -> "Feedback":
        """The blocks of a plain one."""
        return Feedback(super().stack(dim, cross))


class Feedback(Stack):
    """A block's mixer reads the memory, since all that its state is ever told of is the memory."""

    def __init__(self, plain: Stack):
        super().__init__(plain.dim, list(plain.blocks), plain.position, None)
        self.norm = plain.norm
        self.mixture = nn.Parameter(torch.zeros(len(plain.blocks) + 1))

    def forward(self, x: Tensor, pass_: Pass, layers: list[Any]) -> tuple[Tensor, list[Any]]:
        """x (B T D) token by token."""
        out = [x[:, :0]]
        for t, trip in enumerate(one_by_one(pass_)):
            y, layers = self.step(x[:, t : t + 1], trip, layers)
            out.append(y)
        x = torch.cat(out, 1)
        return x if self.norm is None else self.norm(x, pass_.ok), layers

    def step(self, x: Tensor, trip: Pass, layers: list[Any]) -> tuple[Tensor, list[Any]]:
        """One token x (B 1 D): what a block would remember is thrown away for the mixture."""
        kv = trip.memory.kv if trip.memory else [None] * len(layers)
        told = [Layer(own, cross) for own, cross in zip(layers, kv, strict=True)]
        seen = []
        for i, (block, layer) in enumerate(zip(self.blocks, told, strict=True)):
            x = self.position.add(x, trip, i)
            seen.append(x)
            x, _ = block(x, trip, layer)
        weights = self.mixture.softmax(0)
        memory = (torch.stack([*seen, x], -1) * weights).sum(-1)
        pairs = zip(self.blocks, told, strict=True)
        return x, [block.remember(memory, trip, layer) for block, layer in pairs]


def one_by_one(pass_: Pass) -> Iterator[Pass]:
    """The trip, one token at a time, each with the keys up to itself."""
    keys = pass_.keys
    for t in range(pass_.pos.size(1)):
        end, here = pass_.start + t + 1, slice(t, t + 1)
        ok = None if keys.ok is None else keys.ok[:, :end]
        words = {
            name: value[:, here]
            for name in ("pos", "ok", "tokens", "segments")
            if (value := getattr(pass_, name)) is not None
        }
        known = Keys(keys.pos[:, :end], ok, layout_of(ok))
        yield replace(pass_, **words, keys=known, start=end - 1, scopes={}, scores=None)
