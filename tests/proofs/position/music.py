"""Music Transformer's scores with a vector for every pair."""

import torch
from proving import B, D, H, K, T, drawn, plain_softmax, same, seen, shaken

from regard.position.music import Config
from regard.position.shaw import Config as Shaw

CONFIGS = [Config(clip=2), Config(clip=20)]


def naive(position, q, k, v, scope):
    scores = q @ k.transpose(-1, -2) / K**0.5 + every(position, q, scope.q_pos, scope.k_pos)
    return plain_softmax(scores, seen(scope)) @ v


def every(position, q, q_pos, k_pos):
    far = k_pos[:, None, :] - q_pos[:, :, None]
    index = far.clamp(-position.clip, position.clip) + position.clip
    vectors = position.table[:, index]  # H B T S K
    return torch.einsum("bhtk,hbtsk->bhts", q, vectors) / K**0.5


def limit_skewing_is_gathering_wherever_queries_and_keys_stand():
    for clip in (1, 3, 40):
        position = shaken(Config(clip=clip).build(D, H))
        for queries, keys, first, start in [(5, 5, 0, 0), (1, 9, 8, 0), (3, 8, 5, 0), (4, 6, 30, 2),
                                            (6, 1, 0, 4), (1, 1, 7, 7)]:  # fmt: skip
            q, k = drawn(B, H, queries, K), drawn(B, H, keys, K, seed=1)
            q_pos = first + torch.arange(queries).expand(B, -1)
            k_pos = start + torch.arange(keys).expand(B, -1)
            want = every(position, q, q_pos, k_pos)
            same(position.bias(q, k, q_pos, k_pos), want, f"{queries} of {keys}")
            apart = torch.arange(B)[:, None]  # rows at different positions: nothing to skew
            same(position.bias(q, k, q_pos + apart, k_pos + apart), want, "gathered")


def limit_one_table_for_all_heads_is_the_key_part_of_shaw():
    music, shaw = Config(clip=3).build(D, H), shaken(Shaw(clip=3).build(D, H))
    music.table.data = shaw.keys.weight.data.expand(H, -1, -1)
    q, k = drawn(B, H, T, K), drawn(B, H, T, K, seed=1)
    pos = torch.arange(T).expand(B, T)
    same(music.bias(q, k, pos, pos), shaw.bias(q, k, pos, pos))
