"""Lightweight convolution, token by token and channel by channel."""

import torch
from proving import B, D, H, T, drawn, same, shaken, trip

from regard.attention.scope import Causal
from regard.mixer.lightweight import Config

CONFIGS = [Config(heads=H, kernel=kernel) for kernel in (1, 2, 3, 5)] + [Config(heads=D)]


def gated(mixer, x):
    value, gate = (x @ mixer.up.weight.T + mixer.up.bias).chunk(2, -1)
    return value * torch.sigmoid(gate)


def summed(mixer, row, weights, causal):
    """Row by row (n D) with the weights (heads kernel) of each token."""
    kernel, out = mixer.kernel, []
    before = kernel - 1 if causal else kernel // 2
    for i in range(len(row)):
        y = torch.zeros(D)
        for w in range(kernel):
            j = i + w - before
            if 0 <= j < len(row):
                y = y + weights[i][:, w].repeat_interleave(D // mixer.heads) * row[j]
        out.append(y)
    return torch.stack(out) @ mixer.down.weight.T + mixer.down.bias if out else row


def naive(mixer, x, pass_, taps=lambda mixer, row: [mixer.weight] * len(row)):
    rows = []
    for i, row in enumerate(x):
        real = torch.ones(T, dtype=torch.bool) if pass_.ok is None else pass_.ok[i]
        g = gated(mixer, row[real])
        weights = [torch.exp(w) / torch.exp(w).sum(-1, keepdim=True) for w in taps(mixer, g)]
        y = summed(mixer, g, weights, Causal() in pass_.rules)
        rows.append(torch.zeros(T, D).masked_scatter(real[:, None].expand(T, D), y))
    return torch.stack(rows)


def limit_a_kernel_of_one_is_a_layer_by_position():
    mixer, x = shaken(Config(heads=H, kernel=1).build(D)), drawn(B, T, D)
    want = gated(mixer, x) @ mixer.down.weight.T + mixer.down.bias
    for causal in (False, True):
        same(mixer(x, trip(None, causal))[0], want)
