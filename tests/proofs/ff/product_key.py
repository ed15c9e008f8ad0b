"""Product keys: every slot scored, the best kept."""

import sys
from types import SimpleNamespace

import pytest
import torch
from proving import B, D, T, drawn, same, shaken, trip

from regard.ff.product_key import Config

CONFIGS = [
    Config(keys=5, heads=2, top=3),
    Config(keys=3, heads=1, top=7, width=6),  # more than a half has keys
    Config(keys=4, heads=3, top=1),
]


def slots(ff, x, h):
    """Scores of all C^2 slots for head h: B T C^2."""
    K = ff.keys.size(-1)  # of a half
    q = (x @ ff.query.weight.T + ff.query.bias)[..., 2 * h * K : 2 * h * K + 2 * K]
    halves = []
    for half in (q[..., :K], q[..., K:]):
        apart = half - half.mean(-1, keepdim=True)
        apart = apart / (apart.square().mean(-1, keepdim=True) + ff.norm.eps).sqrt()
        halves.append(apart * ff.norm.weight + ff.norm.bias)
    first, second = ff.keys[h]
    whole = [torch.cat([a, b]) for a in first for b in second]  # C^2 of 2K
    return torch.cat(halves, -1) @ torch.stack(whole).T


def naive(ff, x, pass_):
    y = 0
    for h in range(len(ff.keys)):
        scores = slots(ff, x, h)
        least = scores.sort(descending=True).values[..., ff.top - 1, None]
        e = (scores - scores.amax(-1, keepdim=True)).exp() * (scores >= least)
        y = y + e / e.sum(-1, keepdim=True) @ ff.values
    return y


def limit_with_all_slots_chosen_it_is_a_softmax_over_the_whole_memory():
    ff, x = shaken(Config(keys=4, heads=2, top=16).build(D)), drawn(B, T, D)
    want = sum(slots(ff, x, h).softmax(-1) @ ff.values for h in range(2))
    same(ff(x, trip(None, False)), want)


def outside_product_key_memory():
    sys.modules.setdefault("colt5_attention", SimpleNamespace(topk=None))  # for another option
    library = pytest.importorskip("product_key_memory")
    theirs = library.PKM(D, heads=2, num_keys=5, topk=3, dim_head=3)
    ff, x = shaken(Config(keys=5, heads=2, top=3, width=6).build(D)), drawn(B, T, D)
    with torch.no_grad():
        ff.query.bias.zero_()
        halves = ff.query.weight.unflatten(0, (2, 2, -1)).transpose(0, 1)  # theirs: halves, heads
        theirs.to_queries.weight.copy_(halves.flatten(0, 2))
        theirs.keys.copy_(ff.keys.transpose(1, 2))
        theirs.values.weight.copy_(ff.values)
        theirs.norm.load_state_dict(ff.norm.state_dict())
    same(ff(x, trip(None, False)), theirs(x))
