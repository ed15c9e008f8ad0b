"""Memformer, row by row and slot by slot."""

import torch
from proving import B, D, T, drawn, same, shaken, trip
from rows import back, real

from regard.block.base import Layer
from regard.pass_ import encoding
from regard.stack.memformer import Config
from regard.state import Encoded, Memory

CONFIGS = [Config(layers=2, chunk=4, memory=3), Config(layers=1, chunk=5, memory=1)]


def unit(x):
    return x / (x * x).sum(-1, keepdim=True).sqrt()


def one(encoder, part, slots, ids):
    pass_, stack = encoding(None, part[None], ids[None]), encoder.stack
    at = torch.arange(len(slots))[None]
    memory = Memory.of(Encoded(slots[None], None, at), [])
    pass_.memory, y = memory, part[None]
    for i, block in enumerate(stack.blocks):
        layer = Layer(None, block.project(slots[None]))
        y = block(stack.position.add(y, pass_, i), pass_, layer)[0]
    return (y if stack.norm is None else stack.norm(y))[0]


def written(way, slots, y):
    new = []
    for m in range(len(slots)):
        seen = torch.cat([slots[m : m + 1], y])
        scores = seen @ way.k.weight.T + way.k.bias
        scores = scores @ (way.q.weight @ slots[m] + way.q.bias) / len(slots[m]) ** 0.5
        read = scores.softmax(0) @ (seen @ way.v.weight.T + way.v.bias)
        new.append(unit(read + way.forget[m]))
    return torch.stack(new)


def naive(encoder, x, pass_):
    found = []
    for row, ids in real(x, pass_):
        slots, made = unit(encoder.slots.first), [row[:0]]
        for part, some in zip(row.split(encoder.chunk), ids.split(encoder.chunk), strict=True):
            if len(part):
                made.append(one(encoder, part, slots, some))
                slots = written(encoder.slots, slots, made[-1])
        found.append(torch.cat(made))
    return back(found, x, pass_.ok)


def limit_one_chunk_is_a_plain_stack_that_reads_the_first_slots():
    encoder = shaken(Config(layers=2, chunk=T, memory=3).encoder(D))
    x, pass_ = drawn(B, T, D), trip(None, False)
    got = encoder(x, pass_).x
    want = [one(encoder, row, unit(encoder.slots.first), ids)
            for row, ids in zip(x, pass_.tokens, strict=True)]  # fmt: skip
    same(got, torch.stack(want))
