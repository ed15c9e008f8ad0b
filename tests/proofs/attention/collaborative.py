"""Collaborative attention, head by head."""

import pytest
import torch
from proving import B, D, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen

from regard.attention.collaborative import Config
from regard.position.rotary import Config as Rotary
from regard.recipe import UserError

CONFIGS = [Config(heads=H), Config(heads=3)]


def naive(core, q, k, v, scope):
    see, width = seen(scope)[:, 0], q.size(-1)
    all_q, all_k = (torch.cat(x.unbind(1), -1) for x in (q, k))  # B T D, B S D
    answers = []
    for h, mixing in enumerate(core.mixing):
        scores = all_q @ torch.diag(mixing) @ all_k.mT / width**0.5
        answers.append(plain_softmax(scores, see) @ v[:, h])
    return torch.stack(answers, 1)


def limit_it_starts_as_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    for causal in (False, True):
        scope, _pass = own_scope(None, causal)
        same(Config(heads=H).core(K).attend(q, k, v, scope), dense(q, k, v, scope))


def limit_one_head_with_any_mixing_is_dense_with_weighed_keys():
    core = Config(heads=1).core(K).double()
    core.mixing.data = drawn(1, K, seed=5).detach()
    q, k, v = (drawn(B, 1, T, K, seed=i) for i in range(3))
    scope, _pass = own_scope(None, True)
    same(core.attend(q, k, v, scope), dense(q, k * core.mixing[0], v, scope))


def limit_turned_keys_are_refused():
    with pytest.raises(UserError, match="collaborative.*Rotary"):
        Config(heads=H).build(D, Rotary().build(D, H))
