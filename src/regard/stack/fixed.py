"""Decoder that knows its source only by one fixed vector, the last state of the encoder.

Branch: Beside the survey / Recurrent translation
Paper: Sequence to Sequence Learning with Neural Networks, Sutskever et al. 2014, section 2,
  https://arxiv.org/abs/1409.3215
Formula: h_t = cells(y_t, h_(t-1)); layer l starts where layer l of the encoder ended
Cost: time O(T W (D + W)) a layer, step by step, memory O(W) a row
Causal: yes
Scores: no
Limit: one layer is the cell's own scan, from the encoder's state

`B` rows, `T` tokens, `W` width of a cell.
"""

from typing import Annotated, Any

from torch import Tensor, nn

from regard.dropout import Dropout
from regard.pass_ import Pass
from regard.recipe import Part, Rate, UserError
from regard.stack.base import Decoder, StackConfig
from regard.state import Encoded, Memory


class Config(StackConfig):
    """As many layers, and as wide, as the encoder has."""

    writes = True
    layers: int = 2
    cell: Annotated[Any, Part("mixer")] = "lstm"
    width: int = 0
    dropout: Rate = 0.0

    def decoder(self, dim: int, memory: int | None) -> "Fixed":
        """The cells and the way back to the stream's width."""
        if memory is None:
            raise UserError("decoder: fixed needs an encoder whose last state it takes")
        width = self.width or dim
        if memory != width:
            raise UserError(f"decoder.width: {width} must be the encoder's, {memory}")
        cells = [self.cell.cell(dim if i == 0 else width, width) for i in range(self.layers)]
        return Fixed(cells, dim, self.dropout)


class Fixed(Decoder):
    """Nothing of the source is seen again after the start."""

    cells: Any  # a ModuleList of cells

    def __init__(self, cells: list, dim: int, dropout: float):
        super().__init__()
        self.cells, self.drop = nn.ModuleList(cells), Dropout(dropout)
        width = cells[0].width
        self.out = nn.Linear(width, dim) if width != dim else nn.Identity()
        self.dim, self.layers = dim, len(cells)

    def mixers(self) -> list[nn.Module]:
        """The cells."""
        return list(self.cells)

    def start(
        self, encoded: Encoded | None, rows: int, capacity: int | None, like: Tensor
    ) -> tuple[list[Any], Memory | None]:
        """The encoder's last states, layer by layer."""
        if encoded is None or encoded.summary is None or len(encoded.summary) != self.layers:
            raise UserError("decoder: fixed starts from a recurrent encoder with as many layers")
        return list(encoded.summary), None

    def forward(self, x: Tensor, pass_: Pass, layers: list[Any]) -> tuple[Tensor, list[Any]]:
        """x (B T D) after what the cells carry."""
        new = []
        for cell, carry in zip(self.cells, layers, strict=True):
            x, carry = cell.scan(self.drop(x), carry, pass_.ok)
            new.append(carry)
        return self.out(self.drop(x)), new
