"""The four terms of equation 3.3, with a vector for every pair."""

import torch
from proving import B, D, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen, shaken

from regard.attention.softmax import Config as Softmax
from regard.position.transformer_xl import Config


def naive(position, q, k, v, scope):
    far = scope.q_pos[:, :, None, None] - scope.k_pos[:, None, :, None]  # B T S 1
    angle = far / 10000 ** (2 * torch.arange(D // 2) / D)
    r = torch.cat([angle.sin(), angle.cos()], -1) @ position.project.weight.T  # B T S D
    r = r.unflatten(-1, (H, K))
    content = torch.einsum("bhtk,bhsk->bhts", q, k)
    places = torch.einsum("bhtk,btshk->bhts", q, r)
    words = torch.einsum("hk,bhsk->bhs", position.u[:, 0], k)[:, :, None]
    always = torch.einsum("hk,btshk->bhts", position.v[:, 0], r)
    scores = (content + places + words + always) / K**0.5
    return plain_softmax(scores, seen(scope)) @ v


def limit_with_u_v_and_w_of_zeros_it_is_plain_attention():
    position = Config().build(D, H)
    position.project.weight.data.zero_()
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, _pass = own_scope(None, causal=False)
    got = Softmax(heads=H).core(K).attend(q, k, v, scope.at(position))
    same(got, dense(q, k, v, scope))


def limit_only_distances_count():
    position, q, k = shaken(Config().build(D, H)), drawn(B, H, T, K), drawn(B, H, T, K, seed=1)
    pos = torch.arange(T).expand(B, T)
    same(position.bias(q, k, pos + 777, pos + 777), position.bias(q, k, pos, pos))
