"""The Evolved Transformer's cells, branch by branch."""

import torch
from proving import B, D, H, T, proof

from regard.attention.softmax import Config as Softmax
from regard.block.evolved import Config

CONFIGS = [
    Config(mixer=Softmax(heads=H), cell=cell, place=place)
    for cell in ("encoder", "decoder")
    for place in ("pre", "post")
]
plain, depthwise = proof("block", "standard"), proof("block", "cpe")


def linear(layer, x):
    return x @ layer.weight.T + layer.bias


def separable(conv, x, pass_):
    return linear(conv.out, depthwise.convolved(conv, x, pass_))


def full(conv, x, pass_):
    """Each token beside those around it, among the real ones of its row."""
    rows = []
    for i, row in enumerate(x):
        real = torch.ones(T, dtype=torch.bool) if pass_.ok is None else pass_.ok[i]
        zero, row = torch.zeros(1, D), row[real]
        line = torch.cat([zero, row, zero])
        y = [torch.cat([line[t], line[t + 1], line[t + 2]]) for t in range(len(row))]
        y = linear(conv.out, torch.stack(y)) if y else torch.zeros(0, D // 2)
        width = y.size(-1)
        rows.append(torch.zeros(T, width).masked_scatter(real[:, None].expand(T, width), y))
    return torch.stack(rows)


def filled(x, width):
    return torch.cat([x, torch.zeros(B, T, width - x.size(-1))], -1)


def naive(block, x, pass_):
    return (reads if len(block.line) == 3 else writes)(block, x, pass_)


def reads(block, x, pass_):
    near, far, attention = block.line
    assert (near.kernel, far.kernel) == (3, 9)

    def gate(x):
        value, gate = linear(block.gate, x).chunk(2, -1)
        return value * torch.sigmoid(gate)

    def branches(x):
        left, right = linear(block.wide, x).clamp_min(0), full(near, x, pass_).clamp_min(0)
        both = plain.normed(block.norm, left + filled(right, 4 * D))
        return filled(separable(far, both, pass_), D)

    x = plain.added(block.residuals[0], x, gate)
    x = plain.added(block.residuals[1], x, branches)
    x = plain.added(block.residuals[2], x, lambda x: attention(x, pass_)[0])
    return plain.added(block.residuals[3], x, lambda x: plain.fed(block.ff, x))


def writes(block, x, pass_):
    first, wide, small, out, second = block.line
    assert (wide.kernel, small.kernel, out.kernel) == (11, 7, 7)

    def branches(x):
        left, right = separable(wide, x, pass_).clamp_min(0), separable(small, x, pass_)
        return separable(out, plain.normed(block.norm, left + filled(right, 2 * D)), pass_)

    x = plain.added(block.residuals[0], x, lambda x: first(x, pass_)[0])
    x = plain.added(block.residuals[1], x, branches)
    x = plain.added(block.residuals[2], x, lambda x: second(x, pass_)[0])
    return plain.added(block.residuals[3], x, lambda x: plain.fed(block.ff, x))
