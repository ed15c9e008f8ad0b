"""Disentangled attention, its three terms with a vector for every pair."""

import torch
from proving import B, D, H, K, T, drawn, own_scope, plain_softmax, same, seen

from regard.attention.softmax import Config as Softmax
from regard.position.deberta import Config

CONFIGS = [Config(clip=3), Config(clip=20)]


def naive(position, q, k, v, scope):
    i, j = scope.q_pos[:, :, None], scope.k_pos[:, None, :]
    keys, queries = (
        (position.table.weight @ linear.weight.T).view(-1, H, K)
        for linear in (position.k, position.q)
    )
    to, back = delta(i - j, position.clip), delta(j - i, position.clip)  # B T S
    scores = q @ k.transpose(-1, -2)
    scores = scores + torch.einsum("bhtk,btshk->bhts", q, keys[to])
    scores = scores + torch.einsum("bhsk,btshk->bhts", k, queries[back])
    return plain_softmax(scores / (3 * K) ** 0.5, seen(scope)) @ v


def delta(far, clip):
    """Equation 3 of the paper."""
    inside = torch.where(far >= clip, torch.full_like(far, 2 * clip - 1), far + clip)
    return torch.where(far <= -clip, torch.zeros_like(far), inside)


def limit_a_table_of_zeros_leaves_softmax_scaled():
    position = Config(clip=3).build(D, H)
    position.table.weight.data.zero_()
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, pass_ = own_scope(None, causal=True)
    turned = [position.turn(x, pass_.pos) for x in (q, k)]
    got = Softmax(heads=H).core(K).attend(*turned, v, scope.at(position))
    scores = q @ k.transpose(-1, -2) / (3 * K) ** 0.5
    same(got, plain_softmax(scores, seen(scope)) @ v)
