"""Luong's decoder: after each step it looks at the source, and feeds what it saw to the next one.

Branch: Beside the survey / Recurrent translation
Paper: Effective Approaches to Attention-based Neural Machine Translation, Luong et al. 2015,
  sections 3 and 3.3, https://arxiv.org/abs/1508.04025
Formula: h = cells([y, f]); c = attend(h, memory); f' = out = tanh(W [c, h]); f_0 = 0
Cost: time O(T (S + D) D), step by step, memory O(T S)
Causal: yes
Scores: no, but its attention does
Limit: not fed, its cells are those of `fixed`: what was attended to changes no state

`B` rows, `T` tokens, `D` width of the stream, `W` width of a cell.
"""

from typing import Annotated, Any

import torch
from torch import Tensor, nn

from regard.attention.base import Attention
from regard.dropout import Dropout
from regard.mixer.base import Carry, keep
from regard.pass_ import Pass
from regard.recipe import Part, Rate, UserError
from regard.stack.bahdanau import steps
from regard.stack.base import Decoder, StackConfig
from regard.state import Encoded, Memory


class Config(StackConfig):
    """`attention`: dot, general, additive (the paper's concat), or local for local-p."""

    writes = True
    layers: int = 2
    cell: Annotated[Any, Part("mixer")] = "lstm"
    attention: Annotated[Any, Part("attention", default="general")] = "general"
    width: int = 0
    feed: bool = True
    dropout: Rate = 0.0

    def decoder(self, dim: int, memory: int | None) -> "Luong":
        """The cells, the attention, and the attentional state."""
        if memory is None:
            raise UserError("decoder: luong needs an encoder to look at")
        width = self.width or dim
        first = 2 * dim if self.feed else dim
        cells = [self.cell.cell(first if i == 0 else width, width) for i in range(self.layers)]
        attention = self.attention.build(width, memory=memory)
        return Luong(dim, attention, cells, self.feed, self.dropout)


class Luong(Decoder):
    """h = cells([y, fed]); c = attend(h, memory); fed' = out = tanh(W [c, h])."""

    cells: Any  # a ModuleList of cells

    def __init__(self, dim: int, attention: Attention, cells: list, feed: bool, dropout: float):
        super().__init__()
        self.attention, self.cells, self.drop = attention, nn.ModuleList(cells), Dropout(dropout)
        self.feed = feed
        self.both = nn.Linear(attention.out_width + cells[0].width, dim)
        self.dim, self.layers = dim, len(cells) + 1

    def mixers(self) -> list[nn.Module]:
        """The cells."""
        return list(self.cells)

    def start(
        self, encoded: Encoded | None, rows: int, capacity: int | None, like: Tensor
    ) -> tuple[list[Any], Memory | None]:
        """The encoder's last states, layer by layer, and nothing fed yet."""
        if encoded is None or encoded.summary is None or len(encoded.summary) != len(self.cells):
            raise UserError("decoder: luong starts from a recurrent encoder with as many layers")
        for carry, cell in zip(encoded.summary, self.cells, strict=True):
            if carry.h.size(-1) != cell.width or (carry.c is None) == cell.memory:
                raise UserError("decoder: luong takes the encoder's states: same cell, same width")
        fed = Carry(encoded.x.new_zeros(rows, self.dim))
        memory = Memory.of(encoded, [self.attention.project(encoded.x)])
        return [*encoded.summary, fed], memory

    def forward(self, x: Tensor, pass_: Pass, layers: list[Any]) -> tuple[Tensor, list[Any]]:
        """x (B T D) after what the cells carry and what was fed."""
        assert pass_.memory is not None
        *carries, fed = layers
        kv, out = pass_.memory.kv[0], []
        x = self.drop(x)
        for t, trip in enumerate(steps(pass_)):
            ok = None if pass_.ok is None else pass_.ok[:, t, None]
            y = torch.cat([x[:, t], fed.h], -1) if self.feed else x[:, t]
            for i, cell in enumerate(self.cells):
                new = cell.advance(cell.prepare(y), carries[i])
                carries[i] = new if ok is None else keep(ok, new, carries[i])
                y = self.drop(new.h)
            c = self.attention.read(y[:, None], trip, kv)[:, 0]
            new = Carry(torch.tanh(self.both(torch.cat([c, y], -1))))
            fed = new if ok is None else keep(ok, new, fed)
            out.append(new.h)
        return self.drop(torch.stack(out, 1)), [*carries, fed]
