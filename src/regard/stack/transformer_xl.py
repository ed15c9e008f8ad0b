"""Segment recurrence: a row is written segment by segment, each reading what was kept of the last.

Branch: Architecture / Divide and conquer: recurrence
Paper: Transformer-XL, Dai et al. 2019, section 3.2, https://arxiv.org/abs/1901.02860
Formula: in every layer token i sees j <= i with j >= i - i mod segment - memory; keys and values of
  earlier segments are kept, and no gradient goes through them
Cost: time O(T (segment + memory) D) a layer, memory O(T (segment + memory))
Causal: yes
Scores: no, but the mixers of its blocks may
Limit: segments are one long pass that sees so far; a memory of T and more is the plain stack

What is kept are the keys and values themselves, so the maps that made them learn from their own
segment alone (in the paper the hidden states are kept). At use every token is kept, and the rule
hides what is too far.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Any

import torch
from torch import Tensor

from regard.attention.base import decodes
from regard.attention.scope import Causal, Rule
from regard.pass_ import Keys, Pass, layout_of
from regard.recipe import Part, UserError, kind_of
from regard.stack.base import StackConfig
from regard.stack.plain import Config as Plain
from regard.stack.plain import PlainDecoder, Stack
from regard.state import KV


class Config(StackConfig):
    """Segments of `segment` tokens, each with the `memory` tokens before it."""

    writes = True
    layers: int = 6
    segment: int = 64
    memory: int = 64
    position: Annotated[Any, Part("position")] = "transformer_xl"
    block: Annotated[Any, Part("block", default="standard")] = "standard"

    def decoder(self, dim: int, memory: int | None) -> "Segments":
        """Plain blocks, run segment by segment. Raises UserError for mixers that cannot."""
        if self.segment < 1 or self.memory < 0:
            raise UserError(
                "transformer_xl: a segment is 1 token or more, the memory 0 or more before it"
            )
        plain = Plain(layers=self.layers, position=self.position, block=self.block)
        made = Segments(plain.decoder(dim, memory).stack, Recent(self.segment, self.memory))
        try:
            for mixer in made.mixers():
                decodes(mixer, (Causal(), made.rule))
        except UserError as error:
            kind = kind_of(self.block)
            raise UserError(f"transformer_xl: the past is cut off, and in {kind} {error}") from None
        return made


@dataclass(frozen=True)
class Recent(Rule):
    """Keys of one's own segment, and so many before it."""

    segment: int
    memory: int

    def __call__(self, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """Not before the memory begins."""
        return k_pos >= q_pos - q_pos % self.segment - self.memory


class Segments(PlainDecoder):
    """Rows from their beginning go segment by segment; what follows later is masked."""

    relative = False  # segments begin at absolute positions

    def __init__(self, stack: Stack, rule: Recent):
        super().__init__(stack)
        self.rule = rule

    def forward(self, x: Tensor, pass_: Pass, layers: list[Any]) -> tuple[Tensor, list[Any]]:
        """x (B T D) after what the layers remember."""
        trip = replace(pass_, rules=(*pass_.rules, self.rule), scopes={})
        begins = pass_.start == 0 and pass_.keys.layout != "holes"
        if begins and x.size(1) > self.rule.segment and all(isinstance(s, KV) for s in layers):
            return self.by_segments(x, trip, layers)
        return self.stack(x, trip, layers)

    def by_segments(self, x: Tensor, trip: Pass, layers: list[KV]) -> tuple[Tensor, list[Any]]:
        """The same, where slots are positions: no T T matrix, no gradient into the past."""
        made, whole = [], [([], []) for _ in layers]  # type: ignore[var-annotated]
        for a in range(0, x.size(1), self.rule.segment):
            b = min(a + self.rule.segment, x.size(1))
            first = max(0, a - self.rule.memory)
            layers = [kept(s, a - first) for s in layers]
            y, layers = self.stack(x[:, a:b], part(trip, first, a, b), layers)
            made.append(y)
            for (keys, values), s in zip(whole, layers, strict=True):
                keys.append(s.k[:, :, a - first :])
                values.append(s.v[:, :, a - first :])
        return torch.cat(made, 1), [KV(torch.cat(k, 2), torch.cat(v, 2)) for k, v in whole]


def kept(state: KV, count: int) -> KV:
    """The newest keys and values, cut from the graph."""
    size = state.k.size(2)
    return KV(state.k[:, :, size - count :].detach(), state.v[:, :, size - count :].detach())


def part(trip: Pass, first: int, a: int, b: int) -> Pass:
    """The trip of tokens a to b, which look at keys from `first` on."""
    ok = None if trip.keys.ok is None else trip.keys.ok[:, first:b]
    own = None if trip.ok is None else trip.ok[:, a:b]
    tokens = None if trip.tokens is None else trip.tokens[:, a:b]
    layout = layout_of(ok)
    keys = Keys(trip.keys.pos[:, first:b], None if layout == "full" else ok, layout)
    return replace(
        trip, pos=trip.pos[:, a:b], ok=own, keys=keys, start=a - first, tokens=tokens,
        scopes={}, scores=None,
    )  # fmt: skip
