"""Talking heads, head by head; and x-transformers, whose mixing starts at what comes through."""

import pytest
import torch
from proving import B, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen, shaken, trip

from regard.attention.talking_heads import Config

CONFIGS = [Config(heads=H), Config(heads=3)]


def naive(core, q, k, v, scope):
    heads, see = range(q.size(1)), seen(scope)[:, 0]
    scores = [q[:, g] @ k[:, g].mT / q.size(-1) ** 0.5 for g in heads]
    weights = [plain_softmax(sum(scores[g] * core.before[g, h] for g in heads), see) for h in heads]
    answers = [sum(weights[g] * core.after[g, h] for g in heads) @ v[:, h] for h in heads]
    return torch.stack(answers, 1)


def limit_it_starts_as_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    for causal in (False, True):
        scope, _pass = own_scope(None, causal)
        same(Config(heads=H).core(K).attend(q, k, v, scope), dense(q, k, v, scope))


def outside_x_transformers():
    theirs = pytest.importorskip("x_transformers.x_transformers").Attention
    dim, heads = 16, 4
    ours = shaken(Config(heads=heads).build(dim))
    other = theirs(
        dim, heads=heads, dim_head=K, causal=True, pre_talking_heads=True, post_talking_heads=True
    ).double()
    with torch.no_grad():
        for mine, its in ((ours.q, other.to_q), (ours.k, other.to_k), (ours.v, other.to_v),
                          (ours.out, other.to_out)):  # fmt: skip
            mine.bias.zero_()
            its.weight.copy_(mine.weight)
        attend = other.attend
        # it adds what it mixes to the scores as they are
        attend.pre_softmax_talking_heads.weight.copy_(
            (ours.core.before - torch.eye(heads)).T[:, :, None, None]
        )
        attend.post_softmax_talking_heads.weight.copy_(ours.core.after.T[:, :, None, None])
    x = drawn(B, T, dim)
    same(ours(x, trip(None, causal=True))[0], other(x), atol=1e-6)  # its softmax is in float32
