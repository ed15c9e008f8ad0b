"""Turns as products of complex numbers, pair by pair."""

import torch
from proving import B, D, H, K, T, dense, drawn, same

from regard.position.rotary import Config

CONFIGS = [Config(), Config(base=20.0)]


def turned(position, x, pos):
    """x (B H T K), its pairs (n, n + K/2) as complex numbers times e^(i pos f)."""
    parts = []
    for n in range(K // 2):
        angle = pos[:, None, :] * position.frequency[n].item()
        parts.append(
            torch.complex(x[..., n], x[..., n + K // 2]) * torch.polar(torch.ones(1), angle)
        )
    z = torch.stack(parts, -1)
    return torch.cat([z.real, z.imag], -1)


def naive(position, q, k, v, scope):
    return dense(turned(position, q, scope.q_pos), turned(position, k, scope.k_pos), v, scope)


def limit_scores_depend_on_distances_only():
    position, pos = Config().build(D, H), torch.arange(T).expand(B, T)
    q, k = drawn(B, H, T, K, seed=1), drawn(B, H, T, K, seed=2)
    here, there = (
        position.turn(q, at) @ position.turn(k, at).transpose(-1, -2) for at in (pos, pos + 1009)
    )
    same(there, here)


def limit_a_turn_keeps_lengths():
    position, pos = Config().build(D, H), torch.arange(T).expand(B, T)
    x = drawn(B, H, T, K)
    same(position.turn(x, pos).norm(dim=-1), x.norm(dim=-1))
