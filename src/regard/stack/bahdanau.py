"""RNNsearch's decoder: before each step it looks at the source, from where the last one ended.

Branch: Beside the survey / Recurrent translation
Paper: RNNsearch, Bahdanau et al. 2015, sections 3.1, A.1.2 and A.2,
  https://arxiv.org/abs/1409.0473
Formula: c = attend(s, memory); s' = cell([y, c], s); out = maxout(W [s', y, c]); s_0 = tanh(W h_S)
Cost: time O(T (S + D) D), step by step, memory O(T S)
Causal: yes
Scores: no, but its attention does
Limit: over a memory of one token its attention decides nothing

The paper's output reads s where this one, as most after it, reads the newer s'.
`B` rows, `T` tokens, `D` width of the stream, `M` width of the memory, `W` width of the cell.
"""

from dataclasses import replace
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from regard.attention.base import Attention
from regard.dropout import Dropout
from regard.mixer.base import Carry, Cell, keep
from regard.pass_ import Pass
from regard.recipe import Part, Rate, UserError
from regard.stack.base import Decoder, StackConfig
from regard.state import Encoded, Memory


class Config(StackConfig):
    """Any cell and any attention that reads a memory; the paper's are `gru` and `additive`."""

    writes = True
    cell: Annotated[Any, Part("mixer")] = "gru"
    attention: Annotated[Any, Part("attention", default="additive")] = "additive"
    width: int = 0
    dropout: Rate = 0.0

    def decoder(self, dim: int, memory: int | None) -> "Bahdanau":
        """The cell, its attention and the deep output."""
        if memory is None:
            raise UserError("decoder: bahdanau needs an encoder to look at")
        width = self.width or dim
        attention = self.attention.build(width, memory=memory)
        cell = self.cell.cell(dim + attention.out_width, width)
        return Bahdanau(dim, memory, attention, cell, self.dropout)


class Bahdanau(Decoder):
    """The state is the cell's carry alone."""

    def __init__(self, dim: int, memory: int, attention: Attention, cell: Cell, dropout: float):
        super().__init__()
        self.attention, self.cell, self.drop = attention, cell, Dropout(dropout)
        self.first = nn.Linear(memory, cell.width)
        self.deep = nn.Linear(cell.width + dim + attention.out_width, 2 * dim)
        self.dim, self.layers = dim, 1

    def mixers(self) -> list[nn.Module]:
        """The cell."""
        return [self.cell]

    def start(
        self, encoded: Encoded | None, rows: int, capacity: int | None, like: Tensor
    ) -> tuple[list[Any], Memory | None]:
        """s from the encoder's last states; keys projected once a sentence."""
        if encoded is None or encoded.summary is None:
            raise UserError("decoder: bahdanau starts from a recurrent encoder's last state")
        s = torch.tanh(self.first(encoded.summary[-1].h))
        carry = Carry(s, torch.zeros_like(s) if self.cell.memory else None)
        return [carry], Memory.of(encoded, [self.attention.project(encoded.x)])

    def forward(self, x: Tensor, pass_: Pass, layers: list[Any]) -> tuple[Tensor, list[Any]]:
        """x (B T D): each step looks from where the one before it ended."""
        assert pass_.memory is not None
        carry, kv, out = layers[0], pass_.memory.kv[0], []
        x = self.drop(x)
        for t, trip in enumerate(steps(pass_)):
            c = self.attention.read(carry.h[:, None], trip, kv)[:, 0]  # B M
            y = x[:, t]
            new = self.cell.advance(self.cell.prepare(torch.cat([y, c], -1)), carry)
            carry = new if pass_.ok is None else keep(pass_.ok[:, t, None], new, carry)
            out.append(torch.cat([new.h, y, c], -1))
        deep = self.deep(self.drop(torch.stack(out, 1)))  # B T 2D
        return self.drop(deep.unflatten(-1, (-1, 2)).amax(-1)), [carry]


def steps(pass_: Pass) -> list[Pass]:
    """The trip, one token at a time."""
    trips = []
    for t in range(pass_.pos.size(1)):
        trips.append(replace(pass_, pos=pass_.pos[:, t : t + 1], scopes={}))
    return trips
