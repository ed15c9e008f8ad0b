"""word2ketXS: the whole table as a sum of Kronecker products."""

from functools import reduce

import torch
from proving import D, V, same, shaken, tokens

from regard.embed.table import Config as Table
from regard.embed.word2ketxs import Config

CONFIGS = [
    Config(order=2, rank=3),  # 5 5 rows and 3 3 columns, of which V and D are kept
    Config(order=3, rank=2),
    Config(order=5, rank=1, scale=False),
    Config(order=1, rank=2),
]


def naive(embed, ids):
    terms = embed.factors.unbind(2)  # r of n t q
    whole = sum(reduce(torch.kron, term.unbind(0)) for term in terms)
    return whole[:V, :D][ids] * embed.factor


def limit_with_order_1_and_rank_1_it_is_a_table():
    embed, table = shaken(Config(order=1, rank=1).build(V, D)), Table().build(V, D)
    with torch.no_grad():
        table.weight.copy_(embed.factors.view(V, D))
    same(embed(tokens()), table(tokens()))
    same(embed.weight, table.weight)


def limit_rows_start_with_variance_1_over_d():
    """As those of a table do; over draws, since few numbers make up a whole table."""
    for config in (Config(), Config(order=1, rank=3)):
        many = [float(config.build(900, 16).weight.detach().square().mean()) for _ in range(20)]
        spread = sum(many) / len(many) * 16
        assert 0.9 < spread < 1.1, f"{config}: {spread} times what it should be"
