"""Convolutions side by side: for every window width, filters that answer to a few tokens in a row.

Branch: Beside the survey / Convolution
Paper: Convolutional Neural Networks for Sentence Classification, Kim 2014, section 2,
  https://arxiv.org/abs/1408.5882
Formula: c_t = relu(W x_(t - before .. t + after) + b) for each width of window, side by side
Cost: time O(T w D F) for each width w of F filters, memory O(T F)
Causal: no, a window sees tokens on both sides
Scores: no
Limit: a window of one token is a linear map and relu of each token

With `pool: max` in the model it is the paper's classifier. Its windows lie within a row of at least
their width; ours have a place for every token, and zeros stand beyond both ends.
`N` sentences, `S` tokens, `D` width in, `F` filters of a width.
"""

from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from regard.dropout import Dropout
from regard.mixer._near import near
from regard.pass_ import Pass
from regard.recipe import Rate, UserError
from regard.stack.base import Encoder, StackConfig
from regard.state import Encoded


class Config(StackConfig):
    """`widths`: tokens of each kind of window; `filters` of each; `dropout` on what comes out."""

    reads = True
    widths: tuple[int, ...] = (3, 4, 5)
    filters: int = Field(100, ge=1)
    dropout: Rate = 0.0

    def encoder(self, dim: int) -> "Convolutions":
        """The filters. Raises UserError for a window that sees nothing."""
        if not self.widths or min(self.widths) < 1:
            raise UserError(
                f"convolutions: widths {list(self.widths)}: give one or more, each >= 1"
            )
        return Convolutions(dim, self.widths, self.filters, self.dropout)


class Convolutions(Encoder):
    """What comes out has the filters of all widths side by side."""

    filters: Any  # a ModuleList of Conv1d

    def __init__(self, dim: int, widths: tuple[int, ...], filters: int, dropout: float):
        super().__init__()
        self.filters = nn.ModuleList(nn.Conv1d(dim, filters, width) for width in widths)
        self.drop, self.dim = Dropout(dropout), len(widths) * filters

    def forward(self, x: Tensor, pass_: Pass) -> Encoded:
        """x (N S D) read."""
        seen = []
        for convolution in self.filters:
            row = near(x, pass_, convolution.kernel_size[0])
            found = convolution(row.line.transpose(1, 2)).transpose(1, 2)  # N S F
            seen.append(row.back(found.relu()))
        return Encoded(self.drop(torch.cat(seen, -1)), pass_.ok, pass_.pos)
