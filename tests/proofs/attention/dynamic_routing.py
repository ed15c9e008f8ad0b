"""Routing by agreement, position by position."""

import torch
from proving import B, H, K, T, dense, drawn, own_scope, same, shaken

from regard.attention.dynamic_routing import Config, route

CONFIGS = [
    Config(heads=H, capsules=8),
    Config(heads=H, capsules=2, rounds=2),
    Config(heads=3, capsules=4, rounds=4),
    Config(heads=H, capsules=1, rounds=1),
]


def votes_of(core, y):
    """B T H N W, from what the heads found (B H T K)."""
    rows = torch.cat(y.unbind(1), -1)
    parts = torch.tanh(rows @ core.parts.weight.T + core.parts.bias).chunk(y.size(1), -1)
    votes = [torch.tensordot(part, w, 1) for part, w in zip(parts, core.votes, strict=True)]
    return torch.stack(votes, 2)


def naive(core, q, k, v, scope):
    y = dense(q, k, v, scope)
    votes, heads = votes_of(core, y), range(y.size(1))
    capsules = range(votes.size(3))
    agreed = [[torch.zeros(votes.shape[:2]) for _ in capsules] for _ in heads]
    for _ in range(core.rounds):
        share = [torch.stack(agreed[h]).softmax(0) for h in heads]  # N B T
        found = []
        for n in capsules:
            top = sum(share[h][n][..., None] * votes[:, :, h, n] for h in heads)
            found.append(top / sum(share[h][n][..., None] for h in heads))
        for h in heads:
            for n in capsules:
                agreed[h][n] = agreed[h][n] + (found[n] * votes[:, :, h, n]).sum(-1)
    return torch.stack(torch.cat(found, -1).chunk(len(heads), -1), 1)


def limit_one_round_or_one_capsule_is_the_mean_of_the_votes():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, _pass = own_scope(None, True)
    for capsules, rounds in ((4, 1), (1, 1), (1, 3)):
        core = shaken(Config(heads=H, capsules=capsules, rounds=rounds).core(K))
        want = votes_of(core, dense(q, k, v, scope)).mean(2).flatten(2)
        same(torch.cat(core.attend(q, k, v, scope).unbind(1), -1), want)


def limit_votes_that_are_all_the_same_are_kept():
    vote = drawn(B, T, 1, 3, 5)
    for rounds in (1, 2, 5):
        same(route(vote.expand(-1, -1, H, -1, -1), rounds), vote[:, :, 0])
