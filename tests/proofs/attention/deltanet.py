"""The delta rule, one key at a time."""

import torch
from proving import B, H, K, T, drawn, own_scope, same, trip

from regard.attention.deltanet import Config, DeltaNet
from regard.attention.scope import Causal, scope_of

CONFIGS = [Config(heads=H, chunk=chunk) for chunk in (1, 5, 64)]


def unit(x):
    x = x * torch.sigmoid(x)
    return x / (x * x).sum(-1, keepdim=True).sqrt()


def naive(core, q, k, v, scope):
    """Schlag et al. 2021, equation 24: what is recalled is corrected, key by key."""
    rate = torch.sigmoid(torch.einsum("bhsk,hk->bhs", k, core.rate[..., 0]) + core.bias)
    ok = torch.ones(k.shape[0], k.shape[2], dtype=torch.bool)
    ok = ok if scope.k_ok is None else scope.k_ok
    q, k, w, out = unit(q), unit(k), torch.zeros(*k.shape[:2], K, K), []
    for t in range(k.size(2)):
        recalled = torch.einsum("bhk,bhkv->bhv", k[:, :, t], w)
        change = (rate[:, :, t] * ok[:, None, t])[..., None] * (v[:, :, t] - recalled)
        w = w + k[:, :, t, :, None] * change[..., None, :]
        if Causal() in scope.rules:
            out.append(torch.einsum("bhk,bhkv->bhv", q[:, :, t], w))
    return torch.stack(out, 2) if out else q @ w


def limit_chunks_of_any_size_and_steps_are_one():
    """Over a row so long that the usual chunk is not enough."""
    length = 150
    q, k, v = (drawn(B, H, length, K, seed=i) for i in range(3))
    scope = scope_of(kept := trip(None, True, B, length))
    core = DeltaNet(H, K)
    want = naive(core, q, k, v, scope)
    for chunk in (1, 7, 64, 150):
        core.chunk = chunk
        same(core(q, k, v, scope, None)[0], want, f"chunks of {chunk}")
    state, steps = core.start(k[:, :, :0], v[:, :, :0], None), []
    for t in range(length):
        pass_ = trip(None, True, B, 1)
        y, state = core(*(x[:, :, t : t + 1] for x in (q, k, v)), scope_of(pass_), state)
        steps.append(y)
    same(torch.cat(steps, 2), want, "steps")
    assert kept.rules


def limit_a_key_recalls_its_last_value():
    """Keys that are axes (after silu they point the same way), written at a rate of 1."""
    core = DeltaNet(H, K, chunk=5)
    core.bias.data.fill_(40.0)
    which = torch.arange(T) % K
    k = torch.eye(K)[which].expand(B, H, T, K)
    v = drawn(B, H, T, K)
    scope, _pass = own_scope(None, True)
    same(core(k, k, v, scope, None)[0], v, "a key asks for what it has just written")
    scope, _other = own_scope(None, False)
    last = torch.tensor([max(t for t in range(T) if t % K == i) for i in which.tolist()])
    same(core(k, k, v, scope, None)[0], v[:, :, last], "all is written before anything is read")
