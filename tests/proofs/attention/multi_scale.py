"""Multi-scale attention, pair by pair."""

import torch
from proving import B, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen

from regard.attention.multi_scale import Config
from regard.attention.window import Config as Window

CONFIGS = [
    Config(heads=H, reaches=(1, 3)),
    Config(heads=4, reaches=(2, 5)),
    Config(heads=3, reaches=(8, 2, 20)),
]
LONG = Config(heads=4)


def naive(core, q, k, v, scope):
    far = (scope.q_pos[:, :, None] - scope.k_pos[:, None, :]).abs()
    answers = []
    for h, reach in enumerate(core.reaches.tolist()):
        see = seen(scope)[:, 0] & (far < reach)
        scores = q[:, h] @ k[:, h].mT / q.size(-1) ** 0.5
        answers.append(plain_softmax(scores, see) @ v[:, h])
    return torch.stack(answers, 1)


def each_way(config):
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    for causal in (False, True):
        scope, pass_ = own_scope(None, causal)
        yield config.core(K).attend(q, k, v, scope), (q, k, v, scope), pass_


def limit_windows_wider_than_the_row_are_dense():
    for got, inputs, _pass in each_way(Config(heads=H, reaches=(T, 2 * T))):
        same(got, dense(*inputs))


def limit_a_reach_of_one_is_the_value_itself():
    for got, (_q, _k, v, _scope), _pass in each_way(Config(heads=H, reaches=(1,))):
        same(got, v)


def limit_one_scale_is_a_window():
    for got, inputs, _pass in each_way(Config(heads=H, reaches=(4,))):
        same(got, Window(heads=H, reach=4).core(K).attend(*inputs))
