"""From hidden states to losses without ever holding all logits.

`M` tokens, `D` width, `V` vocabulary.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
import torch.utils.checkpoint
from torch import Tensor

ROOM = 1 << 22  # logits held at a time
EXACT = (torch.float32, torch.float64)


class SmoothedLoss(torch.autograd.Function):
    """Label-smoothed cross-entropy (Szegedy et al. 2016), summed, of hidden states times a head.

    Chunk by chunk the logits are made, turned into their own gradient in place, and spent on the
    gradients of hidden states and weights, which then wait for backward. So one small buffer serves
    all chunks.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, target: Tensor, smoothing: float
    ) -> tuple[Tensor, Tensor]:
        """The smoothed loss and the plain one (no gradient), summed over M, at least in float32."""
        M, V = hidden.size(0), weight.size(0)
        rows = max(1, min(M, ROOM // V))
        needs = any(ctx.needs_input_grad[:3])
        w, b = weight.to(hidden.dtype), bias.to(hidden.dtype)
        room = hidden.new_empty(rows, V)
        exact = room if room.dtype in EXACT else torch.empty_like(room, dtype=torch.float32)
        loss = hidden.new_zeros((), dtype=exact.dtype)
        plain = torch.zeros_like(loss)
        grads = []
        if needs:
            grads = [torch.zeros_like(p, dtype=loss.dtype) for p in (w, b)]
            grads.insert(0, torch.empty_like(hidden))
        for a in range(0, M, rows):
            h, t = hidden[a : a + rows], target[a : a + rows, None]
            product, z = room[: len(h)], exact[: len(h)]
            torch.addmm(b, h, w.T, out=product)
            if exact is not room:  # 8 bits of mantissa are enough for a product, not for a softmax
                z.copy_(product)
            at_target, mean, top = z.gather(1, t), z.mean(1, keepdim=True), z.amax(1, keepdim=True)
            torch.softmax(z, 1, out=z)
            total = top - z.amax(1, keepdim=True).log()  # log-sum-exp: the top one has exp(0) / sum
            nll = (total - at_target).sum()
            plain += nll
            loss += (1 - smoothing) * nll + smoothing * (total - mean).sum()
            if needs:  # d loss / d logits = softmax - (1 - e) onehot - e / V
                z -= smoothing / V
                z.scatter_add_(1, t, z.new_full((), smoothing - 1).expand_as(t))
                grads[2] += z.sum(0)
                if exact is not room:
                    product.copy_(z)
                torch.mm(product, w, out=grads[0][a : a + rows])
                if exact is room:
                    grads[1].addmm_(product.T, h)
                else:
                    grads[1] += product.T @ h
        ctx.save_for_backward(*grads)
        ctx.dtypes = weight.dtype, bias.dtype
        ctx.mark_non_differentiable(plain)
        return loss, plain

    @staticmethod
    def backward(ctx: Any, scale: Tensor, _: Any) -> tuple:  # type: ignore[override]
        """What forward worked out, times the incoming gradient."""
        hidden, weight, bias = ctx.saved_tensors
        return (
            hidden * scale.to(hidden.dtype),
            (weight * scale.to(weight.dtype)).to(ctx.dtypes[0]),
            (bias * scale.to(bias.dtype)).to(ctx.dtypes[1]),
            None,
            None,
        )


def smoothed(
    hidden: Tensor, head: tuple[Tensor, Tensor], target: Tensor, smoothing: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Sum over M of the label-smoothed cross-entropy, and of the plain one (nats, no gradient).

    hidden (M D), head = weight (V D) and bias (V), target (M) token ids.
    """
    if torch.is_autocast_enabled(hidden.device.type):
        hidden = hidden.to(torch.get_autocast_dtype(hidden.device.type))
    with torch.autocast(hidden.device.type, enabled=False):
        return SmoothedLoss.apply(hidden, *head, target, smoothing)


def log_probabilities(hidden: Tensor, head: tuple[Tensor, Tensor], target: Tensor) -> Tensor:
    """Log-probability (M) of each target token, with gradient; backward makes the logits again."""
    rows = max(1, ROOM // head[0].size(0))
    parts = [
        torch.utils.checkpoint.checkpoint(_chosen, h, *head, t, use_reentrant=False)
        for h, t in zip(hidden.split(rows), target.split(rows), strict=True)
    ]
    return torch.cat(parts) if parts else hidden.new_zeros(0)


def _chosen(hidden: Tensor, weight: Tensor, bias: Tensor, target: Tensor) -> Tensor:
    return -F.cross_entropy(_logits(hidden, weight, bias), target, reduction="none")


@torch.no_grad()
def best(hidden: Tensor, head: tuple[Tensor, Tensor]) -> Tensor:
    """The most probable token (M) where hidden states are (M D)."""
    return _each(hidden, head, lambda logits: logits.argmax(-1))


@torch.no_grad()
def drawn(hidden: Tensor, head: tuple[Tensor, Tensor]) -> Tensor:
    """A token (M) by chance, as probable as the head makes it where hidden states are (M D)."""
    return _each(hidden, head, lambda logits: logits.softmax(-1).multinomial(1)[:, 0])


def _each(
    hidden: Tensor, head: tuple[Tensor, Tensor], choose: Callable[[Tensor], Tensor]
) -> Tensor:
    parts = hidden.split(max(1, ROOM // head[0].size(0)))
    found = [choose(_logits(h, *head)) for h in parts]
    return torch.cat(found) if len(hidden) else hidden.new_zeros(0, dtype=torch.long)


def disagreement(a: Tensor, b: Tensor, head: tuple[Tensor, Tensor]) -> Tensor:
    """R-Drop's term: sum over M of (KL(p_a, p_b) + KL(p_b, p_a)) / 2, hidden states a, b (M D)."""
    rows = max(1, ROOM // head[0].size(0))
    total = a.new_zeros(())
    for x, y in zip(a.split(rows), b.split(rows), strict=True):
        total = total + torch.utils.checkpoint.checkpoint(_both, x, y, *head, use_reentrant=False)
    return total


def _both(a: Tensor, b: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    p, q = (_logits(h, weight, bias).log_softmax(-1) for h in (a, b))
    return ((p.exp() - q.exp()) * (p - q)).sum() / 2  # both directions in one product


def _logits(hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    logits = F.linear(hidden, weight, bias)
    return logits if logits.dtype in EXACT else logits.float()
