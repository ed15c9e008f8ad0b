"""HIBERT, chunk by chunk."""

import torch
from proving import B, D, T, drawn, same, shaken, trip
from rows import laid, read, real

from regard.stack.hibert import Config

CONFIGS = [Config(layers=2, chunk=4), Config(layers=1, chunk=1)]


def naive(encoder, x, pass_):
    found = []
    for row, ids in real(x, pass_):
        parts = zip(row.split(encoder.chunk), ids.split(encoder.chunk), strict=True)
        said = [read(encoder.words, part, some).mean(0) for part, some in parts]
        found.append(read(encoder.document, torch.stack(said)) if said else row)
    return laid(found, -(-T // encoder.chunk))


def limit_a_chunk_of_the_whole_row_is_the_mean_of_a_plain_stack():
    encoder = shaken(Config(layers=2, chunk=T).encoder(D))
    x = drawn(B, T, D)
    plain = encoder.words(x, trip(None, False), [None] * 2)[0]
    want = torch.stack([read(encoder.document, y.mean(0)[None]) for y in plain])
    same(encoder(x, trip(None, False)).x, want)
