"""Memory slots beside the row: each chunk reads them, then they are written anew.

Branch: Architecture / Divide and conquer: recurrence
Paper: Memformer, Wu et al. 2020, section 3, https://arxiv.org/abs/2010.06891
Formula: y_c = blocks(chunk c, reading M_{c-1}); slot m of M_c = norm(softmax over (m, y_c) + f_m)
Cost: time O(T (chunk + memory) D), memory O(T (chunk + memory))
Causal: no, as an encoder
Scores: no
Limit: one chunk is a plain stack that reads the first slots

Each slot attends to itself and to the chunk, not to other slots, and forgets as f, learned, drifts
it away. Gradients go through all chunks (the paper replays memories to save space). The slots that
are left at the end are not handed on: it reads one row at a time.

`N` rows, `C` chunks, `S` positions of a chunk, `M` slots, `D` width.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.pass_ import Pass
from regard.recipe import UserError
from regard.stack._chunks import ChunkedConfig, below, cut, spread
from regard.stack.base import Encoder
from regard.stack.plain import Config as Plain
from regard.stack.plain import Stack
from regard.state import Encoded, Memory


class Config(ChunkedConfig):
    """`layers` blocks; `chunk`: positions read at a time; `memory`: slots."""

    memory: int = 16

    def encoder(self, dim: int) -> "Memformer":
        """Blocks that read the slots, and who writes these. Raises UserError without any."""
        if self.memory < 1:
            raise UserError("memformer: without slots it is hibert's words alone; give memory: 1")
        if self.chunk < 1:
            raise UserError(f"memformer: a chunk holds 1 position or more, not {self.chunk}")
        plain = Plain(layers=self.layers, position=self.position, block=self.block)
        return Memformer(dim, self.chunk, plain.stack(dim, cross=True), Slots(dim, self.memory))


class Slots(nn.Module):
    """The first slots, and how they are written."""

    def __init__(self, dim: int, count: int):
        super().__init__()
        self.first = nn.Parameter(torch.randn(count, dim) * dim**-0.5)
        self.forget = nn.Parameter(torch.zeros(count, dim))
        self.q, self.k, self.v = (nn.Linear(dim, dim) for _ in range(3))

    def start(self, rows: int) -> Tensor:
        """N M D."""
        return normed(self.first).expand(rows, -1, -1)

    def forward(self, slots: Tensor, y: Tensor, ok: Tensor) -> Tensor:
        """Slots (N M D) after a chunk y (N S D), real where ok (N S)."""
        q = self.q(slots) * slots.size(-1) ** -0.5
        scores = q @ self.k(y).transpose(-1, -2)  # N M S
        scores = scores.masked_fill(~ok[:, None], torch.finfo(y.dtype).min)
        own = (q * self.k(slots)).sum(-1, keepdim=True)
        share = torch.cat([own, scores], -1).softmax(-1)
        read = share[..., :1] * self.v(slots) + share[..., 1:] @ self.v(y)
        return normed(read + self.forget)


class Memformer(Encoder):
    """Chunk after chunk, all rows together."""

    def __init__(self, dim: int, chunk: int, stack: Stack, slots: Slots):
        super().__init__()
        self.dim, self.chunk, self.stack, self.slots = dim, chunk, stack, slots

    def forward(self, x: Tensor, pass_: Pass) -> Encoded:
        """x (N T D) read."""
        chunks, ok, tokens = cut(x, pass_, self.chunk)
        slots, made = self.slots.start(len(x)), []
        for c in range(chunks.size(1)):
            ids = None if tokens is None else tokens[:, c]
            trip = below(pass_, chunks[:, c], ok[:, c], ids)
            trip.memory = self.read(slots, trip)
            y, _ = self.stack(chunks[:, c], trip, [None] * len(self.stack.blocks))
            made.append(y)
            if c + 1 < chunks.size(1):
                slots = self.slots(slots, y, ok[:, c])
        return Encoded(spread(torch.stack(made, 1), pass_), pass_.ok, pass_.pos)

    def read(self, slots: Tensor, trip: Pass) -> Memory:
        """What the blocks' cross-attention reads: keys and values of the slots."""
        pos = torch.arange(slots.size(1), device=slots.device).expand(slots.shape[:2])
        kv: list[Any] = [block.project(slots) for block in self.stack.blocks]
        return Memory.of(Encoded(slots, None, pos), kv)


def normed(x: Tensor) -> Tensor:
    """Of length one, so that no slot outgrows the others."""
    return F.normalize(x, dim=-1)
