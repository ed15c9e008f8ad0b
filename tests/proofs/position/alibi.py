"""ALiBi, head by head."""

import pytest
import torch
from proving import B, D, H, K, T, drawn, own_scope, plain_softmax, same, seen

from regard.attention.softmax import Config as Softmax
from regard.position.alibi import Config


def naive(position, q, k, v, scope):
    heads = []
    for h in range(H):
        far = (scope.q_pos[:, :, None] - scope.k_pos[:, None, :]).abs()
        scores = q[:, h] @ k[:, h].transpose(-1, -2) / K**0.5 - far / 2 ** (8 * (h + 1) / H)
        heads.append(plain_softmax(scores[:, None], seen(scope)) @ v[:, h, None])
    return torch.cat(heads, 1)


def limit_keys_scored_alike_get_weights_that_fall_geometrically():
    q, k = drawn(B, H, T, K), torch.ones(B, H, T, K)
    scope, _pass = own_scope(None, causal=True)
    weights = Softmax(heads=H).core(K).weights(q, k, scope.at(Config().build(D, H)))
    for h in range(H):
        ratio = torch.tensor(-(2.0 ** (-8 * (h + 1) / H))).exp()
        for i in range(T):
            want = ratio ** torch.arange(i, -1, -1) * (1 - ratio) / (1 - ratio ** (i + 1))
            same(weights[:, h, i, : i + 1], want.expand(B, -1))


def outside_transformers_bloom():
    module = pytest.importorskip("transformers.models.bloom.modeling_bloom")
    heads, scope = 8, own_scope(None, causal=True)[0]
    ones = torch.ones(B, T)
    want = module.build_alibi_tensor(ones, heads, torch.float64).view(B, heads, 1, T)
    got = Config().build(heads * K, heads).bias(*[drawn(B, heads, T, K)] * 2, *[scope.q_pos] * 2)
    same(got[:, :, -1:], want - want[..., -1:])  # bloom's differ by a constant a query
