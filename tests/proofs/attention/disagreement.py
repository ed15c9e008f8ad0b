"""Disagreement: dense attention, and its loss pair by pair of heads."""

import torch
from proving import OK, B, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen

from regard.attention.disagreement import Config

KINDS = ("output", "subspace", "position")
CONFIGS = [Config(heads=H, on=on) for on in KINDS]


def naive(core, q, k, v, scope):
    return dense(q, k, v, scope)


def naive_aux(core, q, k, v, scope):
    if not core.training:
        return 0.0
    what = {
        "output": lambda: dense(q, k, v, scope),
        "subspace": lambda: v,
        "position": lambda: plain_softmax(q @ k.mT / q.size(-1) ** 0.5, seen(scope)),
    }[core.on]()
    ok = torch.ones(B, T).bool() if scope.trip.ok is None else scope.trip.ok
    heads, losses = range(q.size(1)), []
    for b, t in ok.nonzero().tolist():
        pairs = [(what[b, i, t], what[b, j, t]) for i in heads for j in heads]
        if core.on == "position":
            alike = [x @ y for x, y in pairs]
        else:
            alike = [x @ y / max(float((x.norm() * y.norm()).detach()), 1e-12) for x, y in pairs]
        losses.append(sum(alike) / len(pairs))
    return core.weight * sum(losses) / len(losses)


def loss_of(core, q, k, v, ok=None, causal=False):
    scope, pass_ = own_scope(ok, causal)
    core.train().attend(q, k, v, scope)
    (loss,) = pass_.aux
    return loss


def limit_in_training_the_loss_is_its_formula():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    for on in KINDS:
        core = Config(heads=H, on=on, weight=0.3).core(K).train()
        for label, ok in OK.items():
            scope, _pass = own_scope(ok, True)
            want = naive_aux(core, q, k, v, scope)
            same(loss_of(core, q, k, v, ok, True), want, f"{on}, padding {label}")


def limit_heads_that_agree_cost_the_weight():
    q, k, v = (drawn(B, 1, T, K, seed=i).expand(-1, H, -1, -1) for i in range(3))
    for on in ("output", "subspace"):
        same(loss_of(Config(heads=H, on=on, weight=0.3).core(K), q, k, v), torch.tensor(0.3))


def limit_heads_at_right_angles_cost_a_share():
    q, k = (drawn(B, H, T, K, seed=i) for i in range(2))
    v = torch.eye(K)[:H][None, :, None].expand(B, -1, T, -1)  # every head values its own dimension
    for on in ("output", "subspace"):
        loss = loss_of(Config(heads=H, on=on, weight=0.3).core(K), q, k, v)
        same(loss, torch.tensor(0.3 / H))
