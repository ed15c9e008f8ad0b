"""Conditional position encoding: the convolution channel by channel, then a standard block."""

import torch
from proving import B, D, H, T, drawn, proof, same, shaken, trip

from regard.attention.softmax import Config as Softmax
from regard.block.base import Layer
from regard.block.cpe import Config

CONFIGS = [Config(mixer=Softmax(heads=H), kernel=kernel) for kernel in (1, 2, 3, 5)]
plain = proof("block", "standard")


def convolved(near, x, pass_):
    """Both ways, among the real tokens of each row."""
    rows, before = [], near.kernel // 2
    for i, row in enumerate(x):
        real = torch.ones(T, dtype=torch.bool) if pass_.ok is None else pass_.ok[i]
        row = row[real]
        n, D = row.shape
        y = torch.zeros(n, D) + (0 if near.bias is None else near.bias)
        for w in range(near.kernel):
            away = w - before  # places to the right
            seen = torch.zeros(n, D)
            if abs(away) < n:
                here = slice(max(0, -away), n - max(0, away))
                there = slice(max(0, away), n + min(0, away))
                seen[here] = row[there]
            y = y + near.weight[:, w] * seen
        rows.append(torch.zeros(T, D).masked_scatter(real[:, None].expand(T, D), y))
    return torch.stack(rows)


def naive(block, x, pass_):
    return plain.naive(block.rest, x + convolved(block.near, x, pass_), pass_)


def limit_no_weights_is_the_standard_block():
    block, x = shaken(CONFIGS[2].build(D, None, False, 2)), drawn(B, T, D)
    with torch.no_grad():
        for p in block.near.parameters():
            p.zero_()
    for causal in (False, True):
        got, want = (b(x, trip(None, causal), Layer())[0] for b in (block, block.rest))
        same(got, want)
