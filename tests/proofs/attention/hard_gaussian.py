"""Hard-coded Gaussian attention, query by query."""

import math

import torch
from proving import B, H, K, T, drawn, own_scope, same, seen

from regard.attention.hard_gaussian import Config

CONFIGS = [
    Config(heads=H),
    Config(heads=H, offsets=(0,), deviation=2.5),
    Config(heads=H, offsets=(-2, 0), deviation=0.6),
]


def naive(core, q, k, v, scope):
    see = seen(scope).expand(-1, -1, q.size(2), -1)
    out = []
    for b in range(len(q)):
        for h in range(H):
            for i, at in enumerate(scope.q_pos[b].tolist()):
                centre, total, y = at + int(core.offsets[h]), 0.0, torch.zeros(K)
                # by the nearest key: of one far away from all, every density would be 0
                near = [j for j in range(k.size(2)) if see[b, 0, i, j]]
                spots = {j: (float(scope.k_pos[b, j]) - centre) ** 2 for j in near}
                for j, far in spots.items():
                    mass = math.exp((min(spots.values()) - far) / (2 * core.deviation**2))
                    total, y = total + mass, y + mass * v[b, h, j]
                out.append(y / total if near else y)
    return torch.stack(out).view(len(q), H, -1, K) + 0 * q


def limit_a_narrow_one_copies_and_a_wide_one_is_the_mean():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, _pass = own_scope(None, False)
    narrow = Config(heads=H, offsets=(-1, 1), deviation=1e-3).core(K).attend(q, k, v, scope)
    same(narrow[:, 0, 1:], v[:, 0, :-1])
    same(narrow[:, 1, :-1], v[:, 1, 1:])
    wide = Config(heads=H, deviation=1e6).core(K).attend(q, k, v, scope)
    same(wide, v.mean(2, keepdim=True).expand_as(v))


def limit_in_the_middle_of_a_row_it_is_the_density_of_the_paper():
    """Where no tail is cut off, the densities at whole numbers sum to 1 by themselves."""
    pos = torch.arange(41.0)
    density = torch.exp(-0.5 * (pos - 20) ** 2) / math.sqrt(2 * math.pi)
    same(density.sum(), torch.tensor(1.0), atol=1e-7)
