"""A table, row by row."""

import torch
from proving import D, V, same, shaken, tokens

from regard.embed.table import Config

CONFIGS = [Config(), Config(scale=False)]


def naive(embed, ids):
    rows = torch.stack([embed.weight[t] for t in ids.flatten().tolist()])
    return rows.view(*ids.shape, D) * embed.factor


def limit_it_is_a_one_hot_vector_times_the_table():
    embed, ids = shaken(Config().build(V, D)), tokens()
    one_hot = torch.nn.functional.one_hot(ids, V).double()
    same(embed(ids), one_hot @ embed.weight * D**0.5)
