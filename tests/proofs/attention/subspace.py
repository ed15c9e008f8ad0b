"""Subspace attention: dense, of a projection to itself."""

import pytest
import torch
from proving import B, D, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen

from regard.attention.softmax import Config as Softmax
from regard.attention.subspace import Config
from regard.position.rotary import Config as Rotary
from regard.recipe import UserError

CONFIGS = [Config(heads=H)]


def naive(core, q, k, v, scope):
    u = k
    gram = torch.einsum("bhtk,bhsk->bhts", u, u) / u.size(-1) ** 0.5
    return torch.einsum("bhts,bhsk->bhtk", plain_softmax(gram, seen(scope)), u)


def limit_it_is_dense_with_one_projection():
    q, u, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    for causal in (False, True):
        scope, _pass = own_scope(None, causal)
        got = Config(heads=H).core(K).attend(q, u, v, scope)
        same(got, Softmax(heads=H).core(K).attend(u, u, u, scope))
        same(got, dense(u, u, u, scope))


def limit_long_tokens_at_right_angles_stand_still():
    u = (100 * torch.eye(T)).expand(B, H, T, T)
    scope, _pass = own_scope(None, False)
    same(Config(heads=H).core(T).attend(u, u, u, scope), u)


def limit_turned_keys_are_refused():
    with pytest.raises(UserError, match="subspace.*Rotary"):
        Config(heads=H).build(D, Rotary().build(D, H))
