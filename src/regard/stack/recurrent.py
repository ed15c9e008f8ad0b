"""Recurrent encoder: layers of cells that read a row forwards, backwards or both ways.

Branch: Beside the survey / Recurrent translation
Paper: RNNsearch, Bahdanau et al. 2015, section 3.2, https://arxiv.org/abs/1409.0473
Formula: h_t = cell(x_t, h_(t-1)), or of h_(t+1) backwards; both: [forwards, backwards] side by side
Cost: time O(T W (D + W)) a layer, step by step, memory O(T W)
Causal: no, it reads a whole row (one way alone would do, but it is an encoder)
Scores: no
Limit: backwards is forwards over the turned row

Backwards is the reversed source of Sutskever et al. 2014 (https://arxiv.org/abs/1409.3215, 3.3).
`N` sentences, `S` tokens, `D` width in, `W` width of a cell.
"""

from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from regard.dropout import Dropout
from regard.mixer.base import Carry
from regard.pass_ import Pass
from regard.recipe import Part, Rate
from regard.stack.base import Encoder, StackConfig
from regard.state import Encoded


class Config(StackConfig):
    """`width` of each cell (0: the stream's); `dropout` between layers and on what comes out."""

    reads = True
    layers: int = 1
    cell: Annotated[Any, Part("mixer")] = "gru"
    width: int = 0
    direction: Literal["forward", "backward", "both"] = "both"
    dropout: Rate = 0.0

    def encoder(self, dim: int) -> "Recurrent":
        """The cells."""
        width = self.width or dim
        ways = {"forward": [False], "backward": [True], "both": [False, True]}[self.direction]
        widths = [dim] + [width * len(ways)] * (self.layers - 1)
        cells = [[self.cell.cell(w, width) for _ in ways] for w in widths]
        return Recurrent(cells, ways, self.dropout)


class Recurrent(Encoder):
    """The summary is one Carry a layer, both ways side by side."""

    cells: Any  # a ModuleList a layer, with a cell a way

    def __init__(self, cells: list[list], ways: list[bool], dropout: float):
        super().__init__()
        self.cells = nn.ModuleList(nn.ModuleList(row) for row in cells)
        self.ways, self.drop = ways, Dropout(dropout)
        self.dim = len(ways) * cells[0][0].width

    def forward(self, x: Tensor, pass_: Pass) -> Encoded:
        """x (N S D) read."""
        summary = []
        for cells in self.cells:
            runs = [
                cell.scan(x, cell.start(len(x), None, x), pass_.ok, way)
                for cell, way in zip(cells, self.ways, strict=True)
            ]
            x = self.drop(torch.cat([y for y, _ in runs], -1))
            last = [carry for _, carry in runs]
            c = None if last[0].c is None else torch.cat([k.c for k in last], -1)
            summary.append(Carry(torch.cat([k.h for k in last], -1), c))
        return Encoded(x, pass_.ok, pass_.pos, summary)
