"""Random feature attention, weight by weight."""

import numpy as np
import torch
from proving import B, H, K, T, drawn, own_scope, plain_softmax, same, seen, trip

from regard.attention.rfa import RFA, Config
from regard.attention.scope import Causal, scope_of

CONFIGS = [Config(heads=H, features=9, chunk=5), Config(heads=H, features=4, chunk=64)]


def phi(core, x):
    length = (x * x).sum(-1, keepdim=True).sqrt()
    x = (x / length * core.sigma) @ core.directions.T
    return torch.cat([x.sin(), x.cos()], -1) / len(core.directions) ** 0.5


def gates(core, k):
    """g of every key: B H S."""
    return torch.sigmoid(torch.einsum("bhsk,hk->bhs", k, core.gate[..., 0]) + core.bias)


def naive(core, q, k, v, scope):
    see, g = seen(scope), gates(core, k)
    weights = phi(core, q) @ phi(core, k).transpose(-1, -2) * (1 - g)[:, :, None] * see
    if Causal() in scope.rules:  # each real key after j, up to the query, left g of j
        after = [see & (torch.arange(T) > j) for j in range(T)]  # B 1 T S each
        left = [torch.where(keys, g[:, :, None], 1.0).prod(-1) for keys in after]
        weights = weights * torch.stack(left, -1)
    total = weights.sum(-1, keepdim=True).clamp_min(0.01)
    return weights @ v / total


def limit_token_by_token_is_chunk_by_chunk():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = Config(heads=H, features=9, chunk=4).core(K)
    core.gate.data.normal_()
    s, z, out = torch.zeros(B, H, 18, K), torch.zeros(B, H, 18), []
    for t in range(T):
        g, now = gates(core, k)[:, :, t], phi(core, k)[:, :, t]
        s = g[..., None, None] * s + ((1 - g)[..., None] * now)[..., None] * v[:, :, t, None]
        z = g[..., None] * z + (1 - g)[..., None] * now
        asked = phi(core, q)[:, :, t]
        total = (asked * z).sum(-1, keepdim=True).clamp_min(0.01)
        out.append((asked[..., None, :] @ s)[..., 0, :] / total)
    want = torch.stack(out, 2)
    scope, _pass = own_scope(None, True)
    same(core(q, k, v, scope, None)[0], want)
    state, steps = core.start(k[:, :, :0], v[:, :, :0], None), []
    for t in range(T):
        pass_ = trip(None, True, B, 1)
        y, state = core(*(x[:, :, t : t + 1] for x in (q, k, v)), scope_of(pass_), state)
        steps.append(y)
    same(torch.cat(steps, 2), want)


def limit_more_features_come_nearer_to_softmax_of_directions():
    """A gate that is alike everywhere cancels where all keys are seen at once."""
    q, k, v = (drawn(B, H, T, K, seed=i).detach() for i in range(3))
    scope, _pass = own_scope(None, False)
    u, w = (x / x.norm(dim=-1, keepdim=True) for x in (q, k))
    want = plain_softmax(u @ w.transpose(-1, -2), seen(scope)) @ v
    sizes, errors = [64, 256, 1024, 4096], []
    for size in sizes:
        core, far = RFA(H, K, size), []
        for seed in range(24):
            draw = torch.Generator().manual_seed(seed)
            core.directions = torch.randn(size, K, generator=draw)
            far.append((core(q, k, v, scope, None)[0].detach() - want).square().mean())
        errors.append(float(torch.stack(far).mean().sqrt()))
    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert -0.58 < slope < -0.42, f"the error falls as features^{slope:.2f}"
    assert errors[-1] < 0.05
