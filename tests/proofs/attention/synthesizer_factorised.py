"""Factorised Synthesizers, score by score."""

import torch
from proving import B, H, K, T, drawn, own_scope, plain_softmax, same, seen

from regard.attention.synthesizer_factorised import Config
from regard.attention.synthesizer_random import Config as Random

CONFIGS = [
    Config(heads=H, rank=3, length=T),
    Config(heads=H, of="dense", length=T),
    Config(heads=H, of="dense", length=2 * T),
]


def naive(core, q, k, v, scope):
    scores = torch.zeros(B, H, q.size(2), k.size(2))
    for b in range(B):
        for h in range(H):
            for i, at in enumerate(scope.q_pos[b].tolist()):
                for j, place in enumerate(scope.k_pos[b].tolist()):
                    scores[b, h, i, j] = score(core, q[b, h, i], h, at, place)
    return plain_softmax(scores, seen(scope)) @ v + 0 * q


def score(core, q, h, at, place):
    """Of one query for one place."""
    if hasattr(core, "left"):
        return (core.left[h, at] * core.right[h, place]).sum()
    x = q.clamp_min(0)
    step, stretch = place % core.side, place // core.side
    a = x @ core.second[0, h, :, step] + core.shift[0, h, 0, step]
    return a * (x @ core.second[1, h, :, stretch] + core.shift[1, h, 0, stretch])


def limit_factors_of_full_rank_are_any_map():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    whole = Random(heads=H, length=T).core(K).double()
    parts = Config(heads=H, rank=T, length=T).core(K).double()
    with torch.no_grad():
        u, s, w = torch.linalg.svd(torch.nn.init.normal_(whole.map))
        parts.left.copy_(u * s[:, None])
        parts.right.copy_(w.transpose(1, 2))
    for causal in (False, True):
        scope, _pass = own_scope(None, causal)
        same(parts.attend(q, k, v, scope), whole.attend(q, k, v, scope))
