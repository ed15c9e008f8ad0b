"""Guided heads: dense attention, and the loss query by query."""

import pytest
import torch
from proving import OK, B, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen

from regard.attention.base import decodes
from regard.attention.guided import Config
from regard.recipe import UserError

CONFIGS = [
    Config(heads=H, patterns=("previous", "first"), weight=0.3),
    Config(heads=H, patterns=("first",)),
]
BOTH_WAYS = Config(heads=3, patterns=("next", "previous"), weight=0.7)


def naive(core, q, k, v, scope):
    return dense(q, k, v, scope)


def naive_aux(core, q, k, v, scope):
    if not core.training:
        return 0.0
    see = seen(scope)[:, 0]
    weights = plain_softmax(q @ k.mT / q.size(-1) ** 0.5, see[:, None])
    losses = []
    for b in range(q.size(0)):
        for t in range(q.size(2)):
            here = int(scope.q_pos[b, t])
            if scope.trip.ok is not None and not scope.trip.ok[b, t]:
                continue
            for h, pattern in enumerate(core.patterns):
                place = {"next": here + 1, "previous": here - 1, "first": 0}[pattern]
                want = torch.zeros(k.size(2))
                for s in range(k.size(2)):
                    if see[b, t, s] and int(scope.k_pos[b, s]) == place:
                        want[s] = 1
                if want.sum() > 0:
                    losses.append((weights[b, h, t] - want).square().sum())
    return core.weight * sum(losses) / len(losses)


def loss_of(core, q, k, v, ok=None, causal=False):
    scope, pass_ = own_scope(ok, causal)
    core.train().attend(q, k, v, scope)
    (loss,) = pass_.aux
    return loss


def limit_in_training_the_loss_is_its_formula():
    for config, causal in ((CONFIGS[0], True), (CONFIGS[1], False), (BOTH_WAYS, False)):
        q, k, v = (drawn(B, config.heads, T, K, seed=i) for i in range(3))
        core = config.core(K).train()
        for label, ok in OK.items():
            scope, _pass = own_scope(ok, causal)
            want = naive_aux(core, q, k, v, scope)
            same(loss_of(core, q, k, v, ok, causal), want, f"{core.patterns}, padding {label}")


def limit_a_head_that_follows_costs_nothing():
    core = Config(heads=2, patterns=("previous", "next")).core(T)
    places, far = torch.eye(T), 1e4
    q = torch.stack([far * places.roll(-1, 1), far * places.roll(1, 1)])[None].expand(B, -1, -1, -1)
    k = places.expand(B, 2, T, T)
    q, k = q.clone(), k.clone()
    q[:, 0, 0], q[:, 1, -1] = 0, 0  # nothing before the first, nothing behind the last
    assert float(loss_of(core, q, k, k)) < 1e-12


def limit_a_head_that_looks_everywhere_costs_almost_the_weight():
    core = Config(heads=H, patterns=("first",), weight=0.3).core(K)
    q, k, v = torch.zeros(B, H, T, K), drawn(B, H, T, K, seed=1), drawn(B, H, T, K, seed=2)
    same(loss_of(core, q, k, v), torch.tensor(0.3 * (1 - 1 / T)))


def limit_nobody_is_guided_to_what_is_hidden():
    with pytest.raises(UserError, match="Guided cannot keep to Causal"):
        decodes(BOTH_WAYS.build(12))
