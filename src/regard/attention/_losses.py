"""Extra losses are means over what is real: neither padding nor the size of a batch counts."""

from torch import Tensor


def mean_where(x: Tensor, ok: Tensor | None) -> Tensor:
    """The mean of x where ok (of the same shape; None: everywhere), 0 where that is nowhere."""
    if ok is None:
        return x.mean()
    return x.masked_fill(~ok, 0.0).sum() / ok.sum().clamp_min(1)
