"""Dropout (Srivastava et al. 2014) that is cheap on a CPU, where drawing a float per element costs
a tenth of a training step.

One 64-bit draw from torch's generator decides eight elements, a byte each: the rate is the nearest
multiple of 1/256, and the scale is exact for that rate.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Dropout(nn.Module):
    """Zeroes a share `p` of the elements in training and scales up the rest; on a GPU PyTorch's
    own.
    """

    def __init__(self, p: float):
        super().__init__()
        self.p = p  # below 1
        self.dropped = min(max(round(p * 256), p > 0), 255)  # of 256 values of a byte

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        if not self.training or not self.dropped:
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.p)
        n = x.numel()
        draws = torch.empty((n + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        keep = draws.view(torch.uint8)[:n].view(x.shape) >= self.dropped
        return x * keep.to(x.dtype).mul_(256 / (256 - self.dropped))

    def extra_repr(self) -> str:
        """The rate, for printing."""
        return f"p={self.p}"
