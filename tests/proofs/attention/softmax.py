"""Scaled dot-product attention, query by query."""

import pytest
import torch
from proving import B, D, H, K, T, dense, drawn, own_scope, same, seen

from regard.attention.softmax import Config
from regard.pass_ import encoding

CONFIGS = [Config(heads=H)]


def naive(core, q, k, v, scope):
    rows, see = [], seen(scope)[:, 0]
    for b in range(len(q)):
        for i in range(q.size(2)):
            near = see[b, i].nonzero()[:, 0]
            e = (k[b, :, near] @ q[b, :, i, :, None])[..., 0].div(q.size(-1) ** 0.5).exp()  # H n
            rows.append((e[..., None] * v[b, :, near]).sum(1) / e.sum(1, True).clamp_min(1e-300))
    return torch.stack(rows).unflatten(0, (len(q), -1)).transpose(1, 2)


def limit_a_query_of_nothing_takes_the_mean():
    k, v = (drawn(B, H, T, K, seed=i) for i in (1, 2))
    scope, _pass = own_scope(None, False)
    got = Config(heads=H).core(K).attend(torch.zeros_like(k), k, v, scope)
    same(got, v.mean(2, keepdim=True).expand_as(v))


def limit_one_query_as_in_a_search_is_a_row_of_the_whole():
    core, (q, k, v) = Config(heads=H).core(K), (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, _pass = own_scope(None, True)
    want = dense(q, k, v, scope)[:, :, -1:]
    last, _trip = own_scope(None, True)
    last.q_pos = last.q_pos[:, -1:]
    with torch.no_grad():
        same(core.attend(q[:, :, -1:], k, v, last), want)
        single = core.attend(*(x.float() for x in (q[:, :, -1:], k, v)), last)
    same(single.double(), want, atol=1e-5)


def outside_attention_of_torch():
    ours = Config(heads=H).build(D).double()
    theirs = torch.nn.MultiheadAttention(D, H, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        parts = (ours.q, ours.k, ours.v)
        theirs.in_proj_weight.copy_(torch.cat([p.weight for p in parts]))
        theirs.in_proj_bias.copy_(torch.cat([p.bias for p in parts]))
        theirs.out_proj.load_state_dict(ours.out.state_dict())
    x, ok = drawn(B, T, D), torch.arange(T) < torch.tensor([13, 9, 4])[:, None]
    got, want = ours(x, encoding(ok, x))[0], theirs(x, x, x, ~ok, need_weights=False)[0]
    same(got, want)
    assert pytest.approx(float(got.detach().sum())) == float(want.detach().sum())
