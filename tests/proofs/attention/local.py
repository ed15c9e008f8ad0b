"""Local-p attention: the place, the reach and the Gaussian written out."""

import torch
from proving import B, K, S, T, drawn, memory_scope, plain_softmax, same, seen, shaken

from regard.attention.general import Config as General
from regard.attention.local import Config

CONFIGS = [Config(reach=reach) for reach in (1, 2, 5)]


def naive(core, q, k, v, scope):
    ok = torch.ones_like(scope.k_pos).bool() if scope.k_ok is None else scope.k_ok
    place = torch.tanh(q @ core.w.weight.T) @ core.v.weight.T  # B 1 T 1
    place = ok.sum(1)[:, None, None, None] / (1 + torch.exp(-place))
    far = scope.k_pos[:, None, None, :] - place
    near = plain_softmax(q @ k.transpose(-1, -2), seen(scope) & (far.abs() <= core.reach))
    return near * torch.exp(-2 * far**2 / core.reach**2) @ v


def limit_a_reach_far_beyond_the_row_is_general():
    q, k, v = drawn(B, 1, T, K), drawn(B, 1, S, K, seed=1), drawn(B, 1, S, K, seed=2)
    scope = memory_scope(torch.arange(S) < torch.tensor([7, 3, 5])[:, None])
    got = shaken(Config(reach=10**6).core(K)).attend(q, k, v, scope)
    same(got, General().core(K).attend(q, k, v, scope))
