"""A head whose output is a direction: texts are compared by the cosine between theirs.

`N` rows, `D` width, `W` width of a vector.
"""

import torch.nn.functional as F
from torch import Tensor, nn


class Direction(nn.Module):
    """A linear map, then length 1: the dot product of two is their cosine."""

    def __init__(self, dim: int, width: int):
        super().__init__()
        self.linear = nn.Linear(dim, width)

    def forward(self, x: Tensor) -> Tensor:
        """N D -> N W."""
        return F.normalize(self.linear(x).float(), dim=-1)
