"""Filters over windows, row by row, token by token, without padding anywhere."""

import torch
import torch.nn.functional as F
from proving import B, D, T, drawn, same, shaken, trip

from regard.stack.convolutions import Config

CONFIGS = [Config(widths=widths, filters=3) for widths in ((1,), (2, 3), (3, 4, 5), (17,))]


def naive(encoder, x, pass_):
    ok = torch.ones(B, T, dtype=torch.bool) if pass_.ok is None else pass_.ok
    rows = []
    for row, real in zip(x, ok, strict=True):
        found = [filtered(one, row[real]) for one in encoder.filters]
        put = real[:, None].expand(T, encoder.dim)
        rows.append(
            torch.zeros(T, encoder.dim, dtype=x.dtype).masked_scatter(put, torch.cat(found, 1))
        )
    return torch.stack(rows)


def filtered(convolution, row):
    """The answers (n F) to every window of a row (n D)."""
    width, out = convolution.kernel_size[0], []
    before = width // 2
    for t in range(len(row)):
        y = convolution.bias
        for w in range(width):
            at = t + w - before
            if 0 <= at < len(row):
                y = y + convolution.weight[:, :, w] @ row[at]
        out.append(y.clamp_min(0))
    return torch.stack(out)


def limit_a_window_of_one_token_is_a_linear_map_and_relu():
    encoder, x = shaken(Config(widths=(1,), filters=5).encoder(D)), drawn(B, T, D)
    weight, bias = encoder.filters[0].weight[:, :, 0], encoder.filters[0].bias
    same(encoder(x, trip(None, False)).x, F.linear(x, weight, bias).relu())


def limit_inside_a_row_it_is_the_papers_narrow_convolution():
    encoder, x = shaken(Config(widths=(4,), filters=5).encoder(D)), drawn(B, T, D)
    one, windows = encoder.filters[0], x.unfold(1, 4, 1)  # B T-3 D 4
    want = torch.einsum("btdw,fdw->btf", windows, one.weight) + one.bias
    same(encoder(x, trip(None, False)).x[:, 2 : T - 1], want.relu())
