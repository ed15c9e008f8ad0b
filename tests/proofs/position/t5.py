"""T5's buckets in the paper's words, distance by distance."""

import math

import pytest
import torch
from proving import B, D, H, K, T, drawn, plain_softmax, same, seen, shaken

from regard.position.t5 import Config

CONFIGS = [Config(buckets=4, far=11), Config(buckets=8, far=20)]


def bucket(distance, buckets, far):
    """Half are exact, the others grow logarithmically up to `far`."""
    n, near = abs(distance), buckets // 2
    if n >= near:
        n = min(
            buckets - 1, near + int(math.log(n / near) / math.log(far / near) * (buckets - near))
        )
    return n + buckets * (distance < 0)


def naive(position, q, k, v, scope):
    far = scope.q_pos[:, :, None] - scope.k_pos[:, None, :]
    index = far.clone().apply_(lambda d: bucket(d, position.buckets, position.far))
    scores = q @ k.transpose(-1, -2) / K**0.5 + position.table.weight[index].permute(0, 3, 1, 2)
    return plain_softmax(scores, seen(scope)) @ v


def limit_from_far_on_all_distances_share_one_number():
    position = shaken(Config(buckets=8, far=20).build(D, H))
    q, k = drawn(B, H, 1, K), drawn(B, H, T, K)
    here = torch.full((B, 1), 1000)
    for direction in (-1, 1):
        k_pos = here + direction * torch.tensor(
            [20, 21, 30, 50, 90, 100, 200, 300, 400, 500, 600, 700, 900]
        )
        got = position.bias(q, k, here, k_pos)
        last = position.table.weight[7 + 8 * (direction > 0)]
        same(got, last[:, None, None].expand_as(got))


def outside_transformers_t5():
    module = pytest.importorskip("transformers.models.t5.modeling_t5")
    position = Config().build(D, H)
    position.table.weight.data = torch.arange(64.0)[:, None].expand(64, H)
    pos = torch.arange(300)[None]
    got = position.bias(*[torch.zeros(1, H, 300, K)] * 2, pos, pos)[0, 0]
    want = module.T5Attention._relative_position_bucket(
        pos - pos.T, bidirectional=True, num_buckets=64, max_distance=128
    )
    same(got, want.double())
