"""The funnel, stage by stage."""

import torch
from proving import B, D, T, drawn, same, shaken, trip
from rows import laid, read, real

from regard.stack.funnel import Config

CONFIGS = [Config(layers=1, stages=3), Config(layers=2, stages=2, stride=3)]


def naive(encoder, x, pass_):
    found, width = [], T
    for row, ids in real(x, pass_):
        for i, stage in enumerate(encoder.stages):
            if i and len(row):
                row = torch.stack([part.mean(0) for part in row.split(encoder.stride)])
            row = read(stage, row, None if i else ids) if len(row) else row
        found.append(row)
    for _ in encoder.stages[1:]:
        width = -(-width // encoder.stride)
    return laid(found, width)


def limit_a_stride_of_one_is_stage_upon_stage():
    encoder = shaken(Config(layers=2, stages=2, stride=1).encoder(D))
    x = drawn(B, T, D)
    y = x
    for stage in encoder.stages:
        y = stage(y, trip(None, False), [None] * 2)[0]
    same(encoder(x, trip(None, False)).x, y)
