"""DeLighT: every group by itself, channel lists shuffled and mixed by hand."""

import torch
import torch.nn.functional as F
from proving import B, D, H, T, drawn, proof, same, shaken, trip

from regard.attention.softmax import Config as Softmax
from regard.block.delight import Config

PLANS = {(2, 8): [1, 1], (3, 2): [1, 2, 1], (4, 8): [1, 2, 2, 1], (5, 4): [1, 2, 4, 2, 1]}
CONFIGS = [
    Config(layers=layers, groups=groups, mixer=Softmax(heads=heads))
    for heads, (layers, groups) in zip((1, 1, H, H), PLANS, strict=True)
]
CONFIGS.append(Config(layers=4, groups=2, expand=3.3))
plain = proof("block", "standard")


def expanded(change, x):
    """Channels are lists: those of x are cut in groups, those of y dealt out to them."""
    y, groups = None, 1
    for layer in change.layers:
        g, before, groups = layer.groups, groups, layer.groups
        mine = [x[..., i * (D // g) : (i + 1) * (D // g)] for i in range(g)]
        if y is not None:
            y = F.gelu(y)
            n = y.size(-1)
            dealt = [
                y[..., i * (n // before) + j] for j in range(n // before) for i in range(before)
            ]
            dealt = torch.stack(dealt, -1)
            mine = [
                torch.cat([part, dealt[..., i * (n // g) : (i + 1) * (n // g)]], -1)
                for i, part in enumerate(mine)
            ]
        y = torch.cat([part @ w for part, w in zip(mine, layer.weight, strict=True)], -1)
        y = y + layer.bias
    return y


def naive(block, x, pass_):
    plan = [layer.groups for layer in block.mixer.change.layers]
    assert plan in PLANS.values()
    attention = block.mixer.attention
    assert (attention.q.in_features, attention.out.out_features) == (D // 2, D)
    assert block.ff.up.out_features == D // 4
    first, last = block.residuals
    x = plain.added(first, x, lambda x: attention(expanded(block.mixer.change, x), pass_)[0])
    return plain.added(last, x, lambda x: plain.fed(block.ff, x))


def limit_one_group_is_linear_maps():
    block, x = shaken(Config(layers=3, groups=1).build(D, None, False, 2)), drawn(B, T, D)
    y = None
    for layer in block.mixer.change.layers:
        seen = x if y is None else torch.cat([x, F.gelu(y)], -1)
        y = F.linear(seen, layer.weight[0].T, layer.bias)
    got, _ = block.mixer(x, trip(None, True))
    same(got, block.mixer.attention(y, trip(None, True))[0])
