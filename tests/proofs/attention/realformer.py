"""RealFormer: the sum of all scores so far."""

import torch
from proving import B, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen

from regard.attention.realformer import Config

CONFIGS = [Config(heads=H)]


def prepare(pass_):
    """What a layer below would have left."""
    pass_.scores = drawn(B, H, T, T, seed=21)


def naive(core, q, k, v, scope):
    below = scope.trip.scores if scope.trip is not None else 0
    scores = torch.einsum("bhik,bhjk->bhij", q, k) / q.size(-1) ** 0.5
    return plain_softmax(scores + below, seen(scope)) @ v


def limit_the_first_layer_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, _pass = own_scope(None, True)
    same(Config(heads=H).core(K).attend(q, k, v, scope), dense(q, k, v, scope))


def limit_layers_add_up():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core, (scope, _pass) = Config(heads=H).core(K), own_scope(None, True)
    for _ in range(2):
        core.attend(q, k, v, scope)
    same(core.attend(q, k, v, scope), dense(3 * q, k, v, scope))
