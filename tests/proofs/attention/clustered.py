"""Clustered attention, with k-means by hand."""

import torch
from proving import OK, B, H, K, T, dense, drawn, own_scope, same, seen

from regard.attention.clustered import Config

CONFIGS = [
    Config(heads=H, clusters=clusters, bits=bits, rounds=rounds)
    for clusters, bits, rounds in ((3, 6, 4), (5, 2, 0), (1, 4, 1), (20, 8, 3))
]


def clusters(core, q):
    """The cluster of each of the real queries q (T K) of one head."""
    code = [[1 if (x * p).sum() > 0 else -1 for p in core.planes.T] for x in q]
    C, length = core.clusters, len(q)
    if length <= C:
        return list(range(length))

    def nearest(bits):
        alike = [sum(a * b for a, b in zip(bits, c, strict=True)) for c in centres]
        return alike.index(max(alike))

    centres = [code[i * length // C] for i in range(C)]
    for _ in range(core.rounds):
        member = [nearest(bits) for bits in code]
        for c in range(C):
            mine = [bits for bits, m in zip(code, member, strict=True) if m == c]
            if mine:
                sums = [sum(column) for column in zip(*mine, strict=True)]
                centres[c] = [(s > 0) - (s < 0) for s in sums]
    return [nearest(bits) for bits in code]


def naive(core, q, k, v, scope):
    y = torch.zeros_like(q)
    for b in range(q.size(0)):
        real = range(q.size(2)) if scope.k_ok is None else scope.k_ok[b].nonzero()[:, 0].tolist()
        real = list(real)
        for h in range(q.size(1)):
            member = torch.tensor(clusters(core, q[b, h, real]))
            for c in member.unique():
                mine = torch.tensor(real)[member == c]
                scores = k[b, h, real] @ q[b, h, mine].mean(0) / K**0.5
                y[b, h, mine] = scores.softmax(0) @ v[b, h, real]
    return y


def limit_one_cluster_per_query_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = Config(heads=H, clusters=T).core(K)
    for label, ok in OK.items():
        scope, _pass = own_scope(ok, False)
        real = seen(scope).any(2)[..., None]
        got = core(q, k, v, scope, None)[0]
        same(got * real, dense(q, k, v, scope) * real, label)


def limit_queries_of_one_cluster_share_their_answer():
    """Queries that are equal hash alike: where the first centres differ, it is dense again."""
    kinds, (k, v) = drawn(1, H, 3, K), (drawn(B, H, T, K, seed=i) for i in (1, 2))
    core = Config(heads=H, clusters=3, bits=64).core(K)
    q = kinds[:, :, torch.arange(T) % 3].expand(B, -1, -1, -1)
    scope, _pass = own_scope(None, False)
    same(core(q, k, v, scope, None)[0], dense(q, k, v, scope))
