"""Conditional computation: a gate per position and layer decides whether the block is worth it.

Branch: Architecture / Adaptive computation time
Paper: Controlling Computation versus Quality for Neural Sequence Models, Bapna et al. 2020,
  https://arxiv.org/abs/2002.07106
Formula: x' = x + g (block(x) - x); in training g = sigmoid(a + noise), at use 1 if a > 0 else 0,
  a = w x + b; extra loss: weight (mean of g over positions and layers - budget)^2
Cost: time and memory of its blocks, less those that no position of a trip opens
Causal: yes
Scores: no, but the mixers of its blocks may
Limit: open gates are plain

A position that skips a block still leaves its keys there, for those that do not. Differs from the
paper in that one gate, a linear one, stands before a whole block and not before each of its parts,
that its noise does not grow during training, and that a model has one budget.
Mixers that hand on to the layer above, as RealFormer does, are refused.
`B` rows, `T` positions, `D` width.
"""

from typing import Any

import torch
from torch import Tensor, nn

from regard.block.base import Block, Layer
from regard.pass_ import Pass, encoding
from regard.recipe import Rate, UserError
from regard.stack.plain import Config as Plain
from regard.stack.plain import Stack
from regard.state import Encoded, Memory


class Config(Plain):
    """`budget`: share of blocks to run; `weight` of its loss; `noise` that hardens the gates."""

    budget: Rate = 0.5
    weight: float = 1.0
    noise: float = 1.0

    def stack(self, dim: int, cross: bool) -> "Conditional":
        """The blocks of a plain one, a gate before each."""
        if not self.layers:
            raise UserError("conditional: gates stand before layers; set layers to 1 or more")
        plain = super().stack(dim, cross)
        for block in plain.blocks:
            if hands_on(block, dim, cross):
                names = [type(getattr(m, "core", m)).__name__ for m in block.mixers()]
                raise UserError(
                    f"conditional: {' or '.join(names)} hands on to the layer above, which a block "
                    "that is skipped cannot: use softmax"
                )
        return Conditional(plain, self.budget, self.weight, self.noise)


class Conditional(Stack):
    """Soft gates in training, hard ones at use."""

    counts = skips = True
    gates: Any  # a ModuleList, one a layer

    def __init__(self, plain: Stack, budget: float, weight: float, noise: float):
        super().__init__(plain.dim, list(plain.blocks), plain.position, None)
        self.norm, self.budget, self.weight, self.noise = plain.norm, budget, weight, noise
        self.gates = nn.ModuleList(nn.Linear(plain.dim, 1, bias=False) for _ in plain.blocks)
        self.lean = nn.Parameter(torch.ones(len(plain.blocks)))  # gates start open

    def forward(self, x: Tensor, pass_: Pass, layers: list[Any]) -> tuple[Tensor, list[Any]]:
        """x (B T D) through the blocks whose gates are open."""
        kv = pass_.memory.kv if pass_.memory else [None] * len(layers)
        gates, new = [], []
        for i, (block, own, cross) in enumerate(zip(self.blocks, layers, kv, strict=True)):
            x = self.position.add(x, pass_, i)
            gate, layer = self.gate(x, i), Layer(own, cross)
            if self.training or bool(gate.any()):
                y, own = block(x, pass_, layer)
                x = x + gate * (y - x)
            elif own is not None:
                own = block.remember(x, pass_, layer)
            gates.append(gate)
            new.append(own)
        if self.training:
            pass_.aux.append(self.cost(torch.cat(gates, -1), pass_.ok))
        return x if self.norm is None else self.norm(x, pass_.ok), new

    def gate(self, x: Tensor, layer: int) -> Tensor:
        """B T 1: how far each position opens."""
        logit = self.gates[layer](x) + self.lean[layer]
        if self.training:
            return (logit + self.noise * torch.randn_like(logit)).sigmoid()
        return (logit > 0).to(x.dtype)

    def cost(self, gates: Tensor, ok: Tensor | None) -> Tensor:
        """What running a share of blocks (B T layers) costs that is not the budget."""
        share = gates.mean(-1)
        share = share.mean() if ok is None else (share * ok).sum() / ok.sum().clamp_min(1)
        return self.weight * (share - self.budget) ** 2


def hands_on(block: Block, dim: int, cross: bool) -> bool:
    """Does it leave word for the layer above, such as its scores? It is tried on two zeros."""
    like = torch.zeros(1, 2, dim)
    pass_, layer = encoding(None, like, torch.zeros(1, 2, dtype=torch.long)), Layer()
    with torch.no_grad():
        if cross:
            layer.cross = block.project(like)
            pass_.memory = Memory.of(Encoded(like, None, pass_.pos), [layer.cross])
        block.eval()(like, pass_, layer)
    block.train()
    return pass_.scores is not None or any(isinstance(w, Tensor) for w in pass_.scopes.values())
