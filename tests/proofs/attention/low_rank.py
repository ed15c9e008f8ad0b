"""Low-rank scores and a band, pair by pair."""

import torch
from proving import OK, B, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen

from regard.attention.low_rank import Config

CONFIGS = [Config(heads=H, rank=rank, reach=reach) for rank, reach in ((1, 0), (2, 1), (3, 4))]


def naive(core, q, k, v, scope):
    B, H, T, _ = q.shape
    rank = core.ask.size(-1)
    scores = torch.einsum("bhtk,hkr,hlr,bhsl->bhts", q, core.ask, core.answer, k) / rank**0.5
    full = torch.einsum("bhtk,bhsk->bhts", q, k) / K**0.5
    near = (scope.q_pos[:, None, :, None] - scope.k_pos[:, None, None, :]).abs() < core.reach
    return plain_softmax(torch.where(near, scores + full, scores), seen(scope)) @ v


def limit_a_full_rank_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = Config(heads=H, rank=K, reach=0).core(K)
    for weight in (core.ask, core.answer):
        weight.data[:] = torch.eye(K)
    for causal in (False, True):
        for label, ok in OK.items():
            scope, _pass = own_scope(ok, causal)
            same(core(q, k, v, scope, None)[0], dense(q, k, v, scope), label)


def limit_scores_have_the_rank_asked_for():
    q, k = (drawn(B, H, T, K, seed=i) for i in range(2))
    for rank in (1, 2, 3):
        scores = Config(heads=H, rank=rank, reach=0).core(K).score(q, k)
        assert (torch.linalg.matrix_rank(scores) == rank).all()
