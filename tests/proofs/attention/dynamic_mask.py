"""Dynamic mask attention, pair by pair."""

import pytest
import torch
from proving import B, D, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen, shaken

from regard.attention.dynamic_mask import Config
from regard.position.rotary import Config as Rotary
from regard.recipe import UserError

CONFIGS = [Config(heads=H, clip=2), Config(heads=3, clip=20)]


def naive(core, q, k, v, scope):
    see, clip = seen(scope)[:, 0], core.clip
    far = (scope.q_pos[:, :, None] - scope.k_pos[:, None, :]).clamp(-clip, clip)
    token = sum(q[:, h] @ core.token[h] for h in range(q.size(1)))
    answers = []
    for h in range(q.size(1)):
        soft = 1 / (1 + torch.exp(-(token[:, :, None] + core.distance[far + clip] + core.head[h])))
        share = soft * torch.exp(q[:, h] @ k[:, h].mT / q.size(-1) ** 0.5) * see
        answers.append(share / share.sum(-1, keepdim=True).clamp_min(1e-300) @ v[:, h])
    return torch.stack(answers, 1)


def changed(distance=None, head=None):
    core = shaken(Config(heads=H, clip=4).core(K))
    with torch.no_grad():
        if distance is not None:
            core.distance.copy_(distance)
        if head is not None:
            core.head.fill_(head)
    return core


def limit_without_distances_or_with_an_open_mask_it_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    for core in (changed(distance=torch.full((9,), 0.7)), changed(head=60.0)):
        for causal in (False, True):
            scope, _pass = own_scope(None, causal)
            same(core.attend(q, k, v, scope), dense(q, k, v, scope))


def limit_closed_but_at_home_it_is_the_value_itself():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = changed(distance=torch.where(torch.arange(9) == 4, 0.0, -2000.0))
    scope, _pass = own_scope(None, False)
    same(core.attend(q, k, v, scope), v)


def limit_hidden_by_a_rule_is_hidden_at_every_mask():
    core, (q, k) = changed(), (drawn(B, H, T, K, seed=i) for i in range(2))
    scope, _pass = own_scope(None, True)
    weights = core.weights(q, k, scope)
    assert (weights.triu(1) == 0).all()
    same(weights, plain_softmax(core.score(q, k) + core.mask(q, scope), seen(scope)))


def limit_turned_queries_are_refused():
    with pytest.raises(UserError, match="dynamic_mask.*Rotary"):
        Config(heads=H).build(D, Rotary().build(D, H))
