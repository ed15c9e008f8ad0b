"""A narrow table, widened."""

import torch
from proving import D, V, same, shaken, tokens

from regard.embed.factorised import Config
from regard.embed.table import Config as Table

CONFIGS = [Config(rank=3), Config(rank=12, scale=False)]


def naive(embed, ids):
    return (embed.narrow @ embed.widen)[ids] * embed.factor


def limit_a_rank_of_d_holds_any_table():
    embed, table = Config(rank=D).build(V, D).double(), shaken(Table().build(V, D))
    with torch.no_grad():
        embed.widen.copy_(torch.linalg.qr(embed.widen)[0])
        embed.narrow.copy_(table.weight @ embed.widen.T)
    same(embed(tokens()), table(tokens()))
    same(embed.weight, table.weight)
