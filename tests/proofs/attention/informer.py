"""ProbSparse attention, query by query."""

from math import ceil, log

import torch
from proving import OK, B, H, K, T, dense, drawn, own_scope, same, seen

from regard.attention.informer import Config

CONFIGS = [Config(heads=H, factor=factor) for factor in (1, 2, 5)]


def naive(core, q, k, v, scope):
    rows = []
    for b in range(q.size(0)):
        real = range(q.size(2)) if scope.k_ok is None else scope.k_ok[b].nonzero()[:, 0].tolist()
        rows.append(torch.stack([one(core, *(x[b, h] for x in (q, k, v)), list(real))
                                 for h in range(q.size(1))]))  # fmt: skip
    return torch.stack(rows)


def one(core, q, k, v, real):
    """One head of one row, T K each."""
    y, L = torch.zeros_like(q), len(real)
    if not L:
        return y
    few = min(L, max(1, ceil(core.factor * log(L))))
    spread = []
    for i in range(L):
        tried = [real[(i + s * L // few) % L] for s in range(few)]
        scores = [float((q[real[i]] @ k[j]).detach()) for j in tried]
        spread.append(max(scores) - sum(scores) / few)
    keen = sorted(range(L), key=lambda i: -spread[i])[:few]
    for i in range(L):
        if i in keen:
            weights = (k[real] @ q[real[i]] / K**0.5).softmax(0)
        else:
            weights = torch.full((L,), 1 / L)
        y = y.index_put((torch.tensor(real[i]),), weights @ v[real])
    return y


def limit_all_queries_chosen_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = Config(heads=H, factor=T).core(K)
    for label, ok in OK.items():
        scope, _pass = own_scope(ok, False)
        real = seen(scope).any(2)[..., None]
        got = core(q, k, v, scope, None)[0]
        same(got * real, dense(q, k, v, scope) * real, label)
