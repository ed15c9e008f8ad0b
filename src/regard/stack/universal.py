"""Universal Transformer: one block again and again, each position for as long as it wants.

Branch: Architecture / Adaptive computation time
Paper: Universal Transformers, Dehghani et al. 2018, https://arxiv.org/abs/1807.03819
Formula: s_n = block(s_(n-1) + P_position + P_n); p_n = sigmoid(w s_n + b); a position halts at the
  first n with p_1 + ... + p_n > threshold, at the latest at n = layers, and p_n becomes what is
  missing to 1; out = sum over n of p_n s_n
Cost: time of a block times the steps of the position that takes longest, memory likewise
Causal: yes
Scores: no, but the mixer of its block may
Limit: one step is one layer of plain; never halting is the same layer `layers` times

A position that has halted hands its last state on: others still see it there. The extra loss is
`ponder` times steps + remainder (Graves 2016, https://arxiv.org/abs/1603.08983), the mean over real
positions. The halting unit reads the state after a step, and the answer is Graves' sum, where the
paper's own code reads the state before it and averages as it goes.
`B` rows, `T` positions, `D` width, `N` steps at most.
"""

from typing import Any

import torch
from torch import Tensor, nn

from regard.block.base import Layer
from regard.pass_ import Pass
from regard.recipe import UserError
from regard.stack.plain import Config as Plain
from regard.stack.plain import PlainDecoder, PlainEncoder, Stack
from regard.state import Encoded, Memory


class Config(Plain):
    """`layers`: most steps; `threshold`: where to halt; `ponder`: the price of a step."""

    threshold: float = 0.99
    ponder: float = 0.01

    def encoder(self, dim: int) -> "UniversalEncoder":
        """The block without cross-attention."""
        return UniversalEncoder(self.stack(dim, cross=False))

    def decoder(self, dim: int, memory: int | None) -> "UniversalDecoder":
        """The block with cross-attention if there is a memory."""
        return UniversalDecoder(super().decoder(dim, memory).stack)

    def stack(self, dim: int, cross: bool) -> "Universal":
        """The block and its steps."""
        if self.layers < 1:
            raise UserError("universal: it takes one step at least; set layers to 1 or more")
        plain = super().stack(dim, cross)  # one of its blocks is enough
        return Universal(plain, self.layers, self.threshold, self.ponder)


class Universal(Stack):
    """The loop over steps; a state of the mixer for each of them."""

    counts = True
    time: Tensor

    def __init__(self, plain: Stack, steps: int, threshold: float, ponder: float):
        super().__init__(plain.dim, [plain.blocks[0]], plain.position, None)
        self.norm, self.steps = plain.norm, steps
        self.threshold, self.ponder = threshold, ponder
        self.halt = nn.Linear(plain.dim, 1)
        frequency = 10000.0 ** -(torch.arange(0, plain.dim, 2, dtype=torch.float64) / plain.dim)
        angle = torch.arange(1, steps + 1)[:, None] * frequency
        waves = torch.cat([angle.sin(), angle.cos()], -1)[:, : plain.dim]  # N D
        self.register_buffer("time", waves, persistent=False)

    def forward(self, x: Tensor, pass_: Pass, layers: list[Any]) -> tuple[Tensor, list[Any]]:
        """x (B T D) step by step; `layers` are the mixer's states, one a step."""
        (block,), kv, new = self.blocks, pass_.memory.kv[0] if pass_.memory else None, []
        clock = Clock(x, self.threshold)
        for n, own in enumerate(layers):
            seen = self.position.add(x, pass_, 0) + self.time[n].to(x.dtype)
            layer = Layer(own, kv)
            if clock.runs(pass_.ok):
                y, own = block(seen, pass_, layer)
                x = torch.where(clock.running, y, x)
                clock.tick(x, self.halt(x).sigmoid(), last=n + 1 == len(layers))
            elif own is not None:
                own = block.remember(seen, pass_, layer)
            new.append(own)
        if self.training:
            pass_.aux.append(self.ponder * clock.cost(pass_.ok))
        return clock.mean if self.norm is None else self.norm(clock.mean, pass_.ok), new


class Clock:
    """Which positions still run, and the mean of what they have been (all B T 1, or B T D)."""

    def __init__(self, x: Tensor, threshold: float):
        self.threshold, self.mean = threshold, torch.zeros_like(x)
        self.spent = torch.zeros_like(x[..., :1])  # p_1 + ... + p_n
        self.pondered = torch.zeros_like(self.spent)  # steps + remainder
        self.running = torch.ones_like(self.spent, dtype=torch.bool)

    def runs(self, ok: Tensor | None) -> bool:
        """Does any real position?"""
        real = self.running if ok is None else self.running & ok[..., None]
        return bool(real.any())

    def tick(self, x: Tensor, p: Tensor, last: bool) -> None:
        """One step more, to the states x (B T D), each to halt there with probability p."""
        left = 1 - self.spent
        halts = self.running & ((self.spent + p > self.threshold) | last)
        p = torch.where(halts, left, p) * self.running
        self.mean = self.mean + p * x
        self.spent = self.spent + p
        self.pondered = self.pondered + self.running + halts * left
        self.running = self.running & ~halts

    def cost(self, ok: Tensor | None) -> Tensor:
        """Mean over real positions."""
        cost = self.pondered[..., 0]
        return cost.mean() if ok is None else (cost * ok).sum() / ok.sum().clamp_min(1)


class UniversalEncoder(PlainEncoder):
    """Stops when all have halted."""

    stack: Universal

    def forward(self, x: Tensor, pass_: Pass) -> Encoded:
        """x (N S D) read."""
        x, _ = self.stack(x, pass_, [None] * self.stack.steps)
        return Encoded(x, pass_.ok, pass_.pos)


class UniversalDecoder(PlainDecoder):
    """A state a step, and the memory projected once for all of them."""

    stack: Universal

    def __init__(self, stack: Stack):
        super().__init__(stack)
        self.layers = self.stack.steps

    def start(
        self, encoded: Encoded | None, rows: int, capacity: int | None, like: Tensor
    ) -> tuple[list[Any], Memory | None]:
        """Every step starts the mixer; the memory is the block's."""
        (block,) = self.stack.blocks
        layers = [block.start(rows, capacity, like) for _ in range(self.layers)]
        if encoded is None:
            return layers, None
        return layers, Memory.of(encoded, [block.project(encoded.x)])
