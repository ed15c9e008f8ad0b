"""LSH attention by sets: hash, sort, look at one's own chunk and the last, join the rounds."""

import torch
from proving import B, H, K, T, drawn, own_scope, plain_softmax, same, seen

from regard.attention.reformer import SELF, Config

CONFIGS = [
    Config(heads=H, rounds=rounds, chunk=chunk, buckets=16)
    for rounds, chunk in ((1, 4), (3, 2), (2, 13))
]


def sets(q, core):
    """Whom each of a row's positions sees, q (n K) being those of one head."""
    n, C = len(q), core.chunk
    met = [set() for _ in range(n)]
    for rotation in core.rotations:
        turned = q @ rotation[:, : -(-n // C)]
        bucket = torch.cat([turned, -turned], -1).argmax(-1).tolist() if n > C else [0] * n
        rank = {t: p for p, t in enumerate(sorted(range(n), key=lambda t: (bucket[t], t)))}
        for i in range(n):
            met[i] |= {
                j for j in range(n)
                if bucket[i] == bucket[j] and rank[i] // C - rank[j] // C in (0, 1)
            }  # fmt: skip
    return [sorted(m - {i}) or [i] for i, m in enumerate(met)]


def naive(core, q, k, v, scope):
    y = torch.zeros_like(q)
    for b in range(B):
        row = list(range(T)) if scope.k_ok is None else scope.k_ok[b].nonzero()[:, 0].tolist()
        for h in range(q.size(1)):
            keys = q[b, h] / q[b, h].norm(dim=-1, keepdim=True)
            for i, who in zip(row, sets(q[b, h, row].detach(), core), strict=True):
                who = [row[j] for j in who]
                y[b, h, i] = (keys[who] @ q[b, h, i]).softmax(0) @ v[b, h, who]
    return y


def limit_one_chunk_is_dense_with_queries_as_keys():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, _pass = own_scope(None, False)
    scores = q @ (q / q.norm(dim=-1, keepdim=True)).transpose(-1, -2)
    scores = scores.masked_fill(torch.eye(T).bool(), SELF)
    got = Config(heads=H, chunk=T).core(K).double().attend(q, k, v, scope)
    same(got, plain_softmax(scores, seen(scope)) @ v)
