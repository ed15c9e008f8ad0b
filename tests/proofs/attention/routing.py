"""Routing attention, query by query, and how its centroids drift."""

import math

import torch
from proving import B, H, K, T, drawn, own_scope, plain_softmax, same, seen

from regard.attention.routing import Config

CONFIGS = [Config(heads=H, clusters=clusters) for clusters in (1, 2, 3, 128)]


def normalised(x):
    x = x - x.mean(-1, keepdim=True)
    return x / (x.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt()


def naive(core, q, k, v, scope):
    q, k = normalised(q), normalised(k)
    pattern = torch.zeros(B, q.size(1), T, T, dtype=torch.bool)
    for b in range(B):
        ok = range(T) if scope.k_ok is None else scope.k_ok[b].nonzero()[:, 0].tolist()
        row, most = list(ok), core.centroids.size(1)
        c = min(most, math.ceil(math.sqrt(len(row))))
        for h in range(q.size(1)):
            centroids = core.centroids[h, :c]
            nearest = {
                n: sorted(row, key=lambda j, m=m, h=h, b=b: -float(m @ k[b, h, j].detach()))
                for n, m in enumerate(centroids)
            }
            for i in row:
                n = int((centroids @ q[b, h, i]).argmax())
                pattern[b, h, i, nearest[n][: math.ceil(len(row) / c)]] = True
    return plain_softmax(q @ k.transpose(-1, -2) / K**0.5, seen(scope) & pattern) @ v


def limit_one_cluster_is_dense_between_normalised_queries_and_keys():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = Config(heads=H, clusters=1).core(K).double()
    scope, _pass = own_scope(None, False)
    scores = normalised(q) @ normalised(k).transpose(-1, -2) / K**0.5
    same(core.attend(q, k, v, scope), plain_softmax(scores, seen(scope)) @ v)


def limit_the_picture_shows_what_is_read():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = Config(heads=H, clusters=3).core(K).double()
    scope, _pass = own_scope(None, False)
    same(core.weights(q, k, scope) @ v, core.attend(q, k, v, scope))


def limit_in_training_alone_centroids_go_to_the_mean_of_what_is_nearest():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    ok = torch.arange(T) < torch.tensor([13, 9, 4])[:, None]
    scope, _pass = own_scope(ok, False)
    core = Config(heads=H, clusters=2, decay=0.0).core(K).double()
    old = core.centroids.clone()
    core.eval().attend(q, k, v, scope)
    same(core.centroids, old, "at use")
    core.train().attend(q, k, v, scope)
    for h in range(H):
        both = torch.cat([normalised(x)[b, h, ok[b]] for x in (q, k) for b in range(B)])
        near = (both @ old[h].T).argmax(-1)
        for n in range(2):
            mean = both[near == n].mean(0)
            same(core.centroids[h, n], mean / mean.norm() * K**0.5, "after a step")
