"""All-attention: the persistent keys laid beside those of the row."""

import pytest
import torch
from proving import (
    OK,
    B,
    D,
    H,
    K,
    T,
    dense,
    drawn,
    own_scope,
    plain_softmax,
    same,
    seen,
    shaken,
    trip,
)  # fmt: skip

from regard.attention.all_attention import Config

CONFIGS = [Config(heads=H, memory=memory) for memory in (1, 5, 0)]


def naive(core, q, k, v, scope):
    H, M, K = core.keys.shape
    keys = torch.cat([k, (K**0.5 * core.keys).expand(len(k), H, M, K)], 2)
    values = torch.cat([v, (M**0.5 * core.values).expand(len(v), H, M, K)], 2)
    see = seen(scope)
    see = torch.cat([see, torch.ones(*see.shape[:3], M, dtype=torch.bool)], -1)
    return plain_softmax(q @ keys.transpose(-1, -2) / K**0.5, see) @ values


def limit_with_no_persistent_vectors_it_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = Config(heads=H, memory=0).core(K)
    for causal in (False, True):
        for ok in OK.values():
            scope, _pass = own_scope(ok, causal)
            same(core.attend(q, k, v, scope), dense(q, k, v, scope))


def limit_whoever_sees_nothing_reads_the_memory_alone():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = shaken(Config(heads=H, memory=3).core(K))
    scope, _pass = own_scope(torch.zeros(B, T, dtype=torch.bool), False)
    alone = torch.einsum("bhtk,hmk->bhtm", q, core.keys).softmax(-1)
    want = torch.einsum("bhtm,hmk->bhtk", alone, 3**0.5 * core.values)
    same(core.attend(q, k, v, scope), want)
    same(core.weights(q, k, scope), torch.zeros(B, H, T, T))


def outside_x_transformers():
    library = pytest.importorskip("x_transformers.x_transformers")
    theirs = library.Attention(D, dim_head=K, heads=H, num_mem_kv=5).double()
    ours, x = shaken(Config(heads=H, memory=5).build(D)), drawn(B, T, D)
    with torch.no_grad():
        pairs = ((ours.q, theirs.to_q), (ours.k, theirs.to_k), (ours.v, theirs.to_v))
        for a, b in (*pairs, (ours.out, theirs.to_out)):
            a.bias.zero_()
            b.weight.copy_(a.weight)
        theirs.mem_k.copy_(ours.core.keys * K**0.5)
        theirs.mem_v.copy_(ours.core.values * 5**0.5)
    for ok in (None, OK["right"]):
        real = torch.ones(B, T, dtype=torch.bool) if ok is None else ok
        want = theirs(x, mask=ok)
        want = want[0] if isinstance(want, tuple) else want
        same(ours(x, trip(ok, False))[0][real], want[real], atol=1e-6)  # its softmax is in 32 bits
