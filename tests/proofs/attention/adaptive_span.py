"""Adaptive spans, pair by pair."""

import torch
from proving import B, H, K, T, dense, drawn, own_scope, same, seen

from regard.attention.adaptive_span import Config

CONFIGS = [
    Config(heads=H, reach=3, ramp=1),  # several blocks, the last not full
    Config(heads=H, reach=12, ramp=2),
    Config(heads=H, reach=40, ramp=8),  # no blocks
]


def naive(core, q, k, v, scope):
    far = (scope.q_pos[:, :, None] - scope.k_pos[:, None, :]).abs()
    answers = []
    for h in range(q.size(1)):
        z = core.most / (1 + torch.exp(-core.span[h]))
        soft = ((core.ramp + z - far) / core.ramp).clamp(0, 1) * seen(scope)[:, 0]
        scores = q[:, h] @ k[:, h].mT / q.size(-1) ** 0.5
        share = soft * torch.exp(scores)
        answers.append(share / share.sum(-1, keepdim=True).clamp_min(1e-300) @ v[:, h])
    return torch.stack(answers, 1)


def with_span(config, number):
    core = config.core(K).double()
    torch.nn.init.constant_(core.span, number)
    return core


def limit_spans_longer_than_the_row_are_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = with_span(Config(heads=H, reach=T, ramp=3), 50.0)
    for causal in (False, True):
        scope, _pass = own_scope(None, causal)
        same(core.attend(q, k, v, scope), dense(q, k, v, scope))


def limit_no_span_is_the_value_itself():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = with_span(Config(heads=H, reach=T, ramp=1), -800.0)
    for causal in (False, True):
        scope, _pass = own_scope(None, causal)
        same(core.attend(q, k, v, scope), v)


def limit_the_loss_is_the_mean_span():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, pass_ = own_scope(None, True)
    core = with_span(Config(heads=H, reach=10, ramp=2, weight=0.5), 0.0).train()
    core.attend(q, k, v, scope)
    same(pass_.aux[0], torch.tensor(0.5 * 10 / 2))
    pass_.aux[0].backward()
    assert core.span.grad is not None and (core.span.grad > 0).all(), "long spans cost"
