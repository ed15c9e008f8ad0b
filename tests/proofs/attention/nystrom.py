"""Nystromformer, its three matrices written out."""

import pytest
import torch
from proving import OK, B, D, H, K, T, dense, drawn, own_scope, same, seen, trip

from regard.attention.nystrom import Config, inverse

CONFIGS = [
    Config(heads=H, landmarks=landmarks, iterations=iterations)
    for landmarks, iterations in ((1, 6), (3, 6), (5, 2), (20, 6))
]


def naive(core, q, k, v, scope):
    y = torch.zeros_like(q)
    for b in range(q.size(0)):
        real = torch.arange(q.size(2)) if scope.k_ok is None else scope.k_ok[b].nonzero()[:, 0]
        if len(real):
            for h in range(q.size(1)):
                y[b, h, real] = one(core, *(x[b, h, real] for x in (q, k, v)))
    return y


def one(core, q, k, v):
    """One head of a row of real positions, T K each."""
    L = min(core.landmarks, len(q))
    which = torch.tensor([i * L // len(q) for i in range(len(q))])
    mean_q, mean_k = (torch.stack([x[which == i].mean(0) for i in range(L)]) for x in (q, k))
    far, mid, near = (
        (a @ b.T / K**0.5).softmax(-1) for a, b in ((q, mean_k), (mean_q, mean_k), (mean_q, k))
    )
    eye = torch.eye(L)
    z = mid.T / (mid.sum(0).max() * mid.sum(1).max())
    for _ in range(core.iterations):
        z = 0.25 * z @ (13 * eye - mid @ z @ (15 * eye - mid @ z @ (7 * eye - mid @ z)))
    return far @ z @ near @ v


def limit_all_landmarks_are_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = Config(heads=H, landmarks=T, iterations=60).core(K)
    for label, ok in OK.items():
        scope, _pass = own_scope(ok, False)
        real = seen(scope).any(2)[..., None]
        got = core(3 * q, 3 * k, v, scope, None)[0]
        same(got * real, dense(3 * q, 3 * k, v, scope) * real, label, atol=1e-6)


def limit_iterations_reach_the_inverse():
    a = (3 * drawn(B, H, 6, 6)).softmax(-1)
    far = [float((inverse(a, n) - torch.linalg.pinv(a)).detach().abs().max()) for n in (2, 6, 40)]
    assert far[0] > far[1] > far[2] and far[2] < 1e-7, far


def outside_nystrom_attention():
    """Theirs starts the inverse from the largest sums of a whole batch: so one row, one head."""
    package = pytest.importorskip("nystrom_attention")
    theirs = package.NystromAttention(D, dim_head=D, heads=1, num_landmarks=4, residual=False)
    ours = Config(heads=1, landmarks=4).build(D)
    with torch.no_grad():
        q, k, v = theirs.to_qkv.weight.chunk(3)
        for mine, other in ((ours.q, q), (ours.k, k), (ours.v, v)):
            mine.weight.copy_(other)
            mine.bias.zero_()
        ours.out.load_state_dict(theirs.to_out[0].state_dict())
    x = drawn(1, 12, D)
    same(ours(x, trip(None, False, 1, 12))[0], theirs(x))
