"""BigBird, block by block, its lots drawn again in Python's own integers."""

import torch
from proving import B, H, K, T, drawn, own_scope, plain_softmax, same, seen

from regard.attention.bigbird import Config, Drawn
from regard.attention.scope import Causal
from regard.attention.softmax import Config as Softmax

CONFIGS = [
    Config(heads=H, block=1, random=2, leading=1),
    Config(heads=H, block=2, random=1, leading=0),
    Config(heads=H, block=2, random=1, leading=3),
    Config(heads=H, block=1, random=0, leading=0),
    Config(heads=H, block=3, random=2, leading=1),
]


def number(n, m):
    """The lot of block m as seen from block n."""
    x = (n * 73856093 + m * 19349663 + 200714062) % 2**31
    for odd in (739982445, 695872825):
        x = ((x ^ (x >> 15)) * odd) % 2**31
    return x ^ (x >> 15)


def lots(core, n, blocks, causal):
    """Blocks drawn for block n in a row of so many."""
    free = [m for m in range(blocks) if (m < n - 1 if causal else abs(m - n) > 1)]
    free = [m for m in free if (m + 1) * core.block > core.leading]
    return sorted(free, key=lambda m: (number(n, m), m))[: core.random]


def naive(core, q, k, v, scope):
    pattern = torch.zeros(B, 1, T, T, dtype=torch.bool)
    ok = torch.ones(B, T).bool() if scope.k_ok is None else scope.k_ok
    for b in range(B):
        length = max([int(p) + 1 for p, real in zip(scope.k_pos[b], ok[b], strict=True) if real])
        for i in range(T):
            n = int(scope.q_pos[b, i]) // core.block
            blocks = -(-length // core.block)
            see = {n - 1, n, n + 1, *lots(core, n, blocks, Causal() in scope.rules)}
            for j in range(T):
                leads = min(int(scope.q_pos[b, i]), int(scope.k_pos[b, j])) < core.leading
                pattern[b, 0, i, j] = leads or int(scope.k_pos[b, j]) // core.block in see
    return plain_softmax(q @ k.transpose(-1, -2) / q.size(-1) ** 0.5, seen(scope) & pattern) @ v


def limit_enough_of_anything_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    wide = Config(block=T, random=0, leading=0)
    lucky = Config(block=2, random=T, leading=0)
    led = Config(block=2, random=1, leading=T)
    for causal in (False, True):
        scope, _pass = own_scope(None, causal)
        want = Softmax(heads=H).core(K).attend(q, k, v, scope)
        for config in (wide, lucky, led):
            core = config.core(K)
            for core.least in (0, 99):  # by blocks, by the mask
                same(core.attend(q, k, v, scope), want, str(config))


def limit_lots_fall_everywhere_about_as_often():
    rule = Drawn(Config(block=1, random=3, leading=0).core(K), torch.tensor([64]), past=False)
    found, there = rule.lots(torch.arange(64)[None], 64)
    assert there.all() and all(len(set(row)) == 3 for row in found[0].tolist())
    hits = torch.bincount(found.flatten(), minlength=64).double()
    assert 0 < hits.std() < 2.5, "about Poisson with mean 3: a deviation of 1.7"
