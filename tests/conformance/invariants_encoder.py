"""What every encoder owes, one plain function each: `check_...(subject)` raises AssertionError."""

from copy import deepcopy

import torch
from subjects import (
    JUNK,
    SOURCE,
    SOURCE_OK,
    B,
    Encoding,
    Rows,
    S,
    V,
    check_every_gradient,
    close,
    padded,
    which,
)


def same(got: tuple, want: tuple, where: str, rows: Rows = range(B), atol: float = 1e-9) -> None:
    """Two readings of the same rows; `rows` of the second."""
    for i, row in enumerate(rows):
        close(got[0][i], want[0][row], f"{where}, row {row}", atol)
    for a, b in zip(got[1], want[1], strict=True):
        close(a, b[list(rows)], f"{where}, last state", atol)


def check_padding_invisible(e: Encoding) -> None:
    """Whatever stands there, however much there is of it, and wherever."""
    want = e.read(SOURCE, SOURCE_OK)
    rows = [SOURCE[i, :n].tolist() for i, n in enumerate(SOURCE_OK.sum(1).tolist())]
    same(e.read(*padded(rows)), want, "junk in the padding")
    longer = e.read(*padded([*rows, [5] * 9]))
    same((longer[0][:B], [t[:B] for t in longer[1]]), want, "beside a longer row")
    same(e.read(*padded(rows, "left")), want, "padded on the left")
    holes, ok = torch.full((B, 2 * S), JUNK), torch.zeros(B, 2 * S, dtype=torch.bool)
    holes[:, ::2], ok[:, ::2] = SOURCE, SOURCE_OK
    same(e.read(holes, ok), want, "padding between")


def check_alone_equals_batch(e: Encoding) -> None:
    """A row without any padding."""
    want = e.read(SOURCE, SOURCE_OK)
    for i, n in enumerate(SOURCE_OK.sum(1).tolist()):
        same(e.read(SOURCE[i : i + 1, :n]), want, "alone", [i])


def check_empty_row(e: Encoding) -> None:
    """Nothing but padding: finite, and nothing to the others."""
    ok = SOURCE_OK.clone()
    ok[1] = False
    assert e.model.encode(SOURCE, ok).x.isfinite().all(), "a row of padding"
    (a, _, c), _ = e.read(SOURCE, ok)
    (x, _, z), _ = e.read(SOURCE, SOURCE_OK)
    close(torch.cat([a, c]), torch.cat([x, z]), "beside a row of padding")


def check_information_moves(e: Encoding) -> None:
    """A token changes what stands at other places."""
    changed = SOURCE.clone()
    changed[:, 1] = (SOURCE[:, 1] - 2) % (V - 3) + 3
    (a, *_), _ = e.read(SOURCE, SOURCE_OK)
    (b, *_), _ = e.read(changed, SOURCE_OK)
    others = [0, 2, 3, 4] if len(a) == S else range(1, len(a))  # where rows got shorter
    far = (a - b).abs().amax(-1)[list(others)]
    assert far.max() > 1e-12, "nobody looks at anybody"  # sharp weights may leave very little


def check_encoder_gradients(e: Encoding) -> None:
    """In training every parameter gets a finite gradient, with a row of padding in the batch."""
    model, ok = deepcopy(e.model).train(), SOURCE_OK.clone()
    ok[1], trips = False, []
    model.encoder.register_forward_pre_hook(lambda _, given: trips.append(given[1]))
    with torch.enable_grad():
        encoded = model.encode(SOURCE, ok)
        answers = sum(logits.logsumexp(-1).sum() for logits in trips[0].ramps)
        real = which(encoded, ok)
        read = encoded.x if real is None else encoded.x[real]
        (read.logsumexp(-1).sum() + answers).backward()
    check_every_gradient(model)


def check_encoder_float32(e: Encoding) -> None:
    """In 32 bits, alone and in a batch."""
    small = Encoding(deepcopy(e.model).float())
    want = small.read(SOURCE, SOURCE_OK)
    assert want[0][0].dtype == torch.float32, "something left float32"
    same(small.read(SOURCE[1:2, :3]), want, "32 bits", [1], 1e-4)


ENCODER_CHECKS = [
    check_padding_invisible, check_alone_equals_batch, check_empty_row, check_information_moves,
    check_encoder_gradients, check_encoder_float32,
]  # fmt: skip
