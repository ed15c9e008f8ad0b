"""Average attention, token by token."""

import torch
from proving import B, H, K, T, drawn, own_scope, plain_softmax, same, seen, shaken

from regard.attention.average import Config
from regard.attention.scope import Causal, scope_of
from regard.pass_ import Keys, Pass

CONFIGS = [Config(), Config(heads=H, expand=2), Config(heads=H, expand=0)]
LONG = Config()


def naive(core, q, k, v, scope):
    rows, see = [], seen(scope)[:, 0].expand(-1, q.size(2), -1)
    for b in range(len(q)):
        for i in range(q.size(2)):
            near = see[b, i].nonzero()[:, 0].tolist()
            mean = sum((v[b, :, j] for j in near), torch.zeros_like(q[b, :, i])) / max(1, len(near))
            if len(core.ff):
                first, _, second = core.ff
                mean = (mean @ first.weight.T + first.bias).clamp_min(0)
                mean = mean @ second.weight.T + second.bias
            both = torch.cat([q[b, :, i], mean], -1) @ core.gate.weight.T + core.gate.bias
            gate = 1 / (1 + (-both).exp())
            rows.append(gate[:, :K] * q[b, :, i] + gate[:, K:] * mean)
    return torch.stack(rows).unflatten(0, (len(q), -1)).transpose(1, 2)


def limit_the_mean_alone_is_attention_with_equal_scores():
    core, (q, k, v) = (
        Config(expand=0).core(K).double(),
        (drawn(B, H, T, K, seed=i) for i in range(3)),
    )
    with torch.no_grad():
        core.gate.weight.zero_()
        core.gate.bias.copy_(torch.cat([torch.full((K,), -60.0), torch.full((K,), 60.0)]))
    for causal in (False, True):
        scope, _pass = own_scope(None, causal)
        equal = plain_softmax(torch.zeros(B, H, T, T), seen(scope))
        same(core(q, k, v, scope, None)[0], equal @ v)


def limit_step_by_step_it_is_the_same():
    core, (q, v) = shaken(Config().core(K)), (drawn(B, H, T, K, seed=i) for i in range(2))
    whole, _pass = own_scope(None, True)
    want, state, parts = core(q, v, v, whole, None)[0], core.start(v, v, None), []
    for t in range(T):
        pos, past = torch.full((B, 1), t), torch.arange(t + 1).expand(B, t + 1)
        trip, one = Pass(pos, None, Keys(past), (Causal(),), t), slice(t, t + 1)
        y, state = core(q[:, :, one], v[:, :, one], v[:, :, one], scope_of(trip), state)
        parts.append(y)
    same(torch.cat(parts, 2), want)
