"""Shaw's equations 3 and 4 with a vector for every pair."""

import torch
from proving import B, D, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen, shaken

from regard.attention.softmax import Config as Softmax
from regard.position.shaw import Config

CONFIGS = [Config(clip=2), Config(clip=20)]


def naive(position, q, k, v, scope):
    far = scope.k_pos[:, None, :] - scope.q_pos[:, :, None]
    index = far.clamp(-position.clip, position.clip) + position.clip
    keys, results = position.keys.weight[index], position.results.weight[index]  # B T S K
    scores = torch.einsum("bhtk,bhtsk->bhts", q, k[:, :, None] + keys[:, None]) / K**0.5
    weights = plain_softmax(scores, seen(scope))
    return torch.einsum("bhts,bhtsk->bhtk", weights, v[:, :, None] + results[:, None])


def limit_tables_of_zeros_leave_plain_attention():
    position = Config(clip=2).build(D, H)
    for table in (position.keys, position.results):
        table.weight.data.zero_()
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, _pass = own_scope(None, causal=True)
    got = Softmax(heads=H).core(K).attend(q, k, v, scope.at(position))
    same(got, dense(q, k, v, scope))


def limit_beyond_clip_all_distances_are_one():
    position, q, k = shaken(Config(clip=2).build(D, H)), drawn(B, H, 1, K), drawn(B, H, 4, K)
    here = torch.full((B, 1), 50)
    got = position.bias(q, k, here, here + torch.tensor([-50, -9, -3, -2]))
    same(got, got[..., :1].expand_as(got))
