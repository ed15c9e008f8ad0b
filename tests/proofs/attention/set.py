"""Induced points, head by head."""

import torch
from proving import H, K

from regard.attention.set import Config

CONFIGS = [Config(heads=H, points=points) for points in (1, 5, 20)]


def naive(core, q, k, v, scope):
    rows = []
    for b in range(q.size(0)):
        real = slice(None) if scope.k_ok is None else scope.k_ok[b]
        for h in range(q.size(1)):
            points = core.points[h]
            read = (points @ k[b, h, real].T / K**0.5).softmax(-1) @ v[b, h, real]
            read = points + read
            scores = q[b, h] @ (read @ core.keys[h]).T / K**0.5
            rows.append(scores.softmax(-1) @ (read @ core.values[h]))
    return torch.stack(rows).view_as(q)
