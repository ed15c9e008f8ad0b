"""word2ket, word by word and product by product."""

import torch
from proving import D, V, same, shaken, tokens

from regard.embed.table import Config as Table
from regard.embed.word2ket import Config

CONFIGS = [
    Config(order=2, rank=2),
    Config(order=3, rank=1, scale=False),  # 2 2 2: one leaf goes up alone
    Config(order=4, rank=3),  # 16 numbers, of which D are kept
    Config(order=1, rank=2),
]


def normed(y):
    return (y - y.mean()) / ((y - y.mean()).square().mean() + 1e-5).sqrt()


def tree(leaves):
    """The leaves of one product, by halves as large as powers of two."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while 2 * half < len(leaves):
        half *= 2
    return normed(torch.kron(tree(leaves[:half]), tree(leaves[half:])))


def naive(embed, ids):
    _, r, n, _ = embed.leaves.shape
    gain = 1.0 if n == 1 else (r * D) ** -0.5
    rows = [gain * sum(map(tree, embed.leaves[t]))[:D] for t in ids.flatten().tolist()]
    return torch.stack(rows).view(*ids.shape, D) * embed.factor


def limit_with_order_1_and_rank_1_it_is_a_table():
    embed, table = shaken(Config(order=1, rank=1).build(V, D)), Table().build(V, D)
    with torch.no_grad():
        table.weight.copy_(embed.leaves.view(V, D))
    same(embed(tokens()), table(tokens()))
    same(embed.weight, table.weight)


def limit_rows_start_with_variance_1_over_d():
    """As those of a table do; measured over many words."""
    for config in (Config(order=2, rank=2), Config(order=4, rank=1), Config(order=1, rank=3)):
        spread = float(config.build(4000, 16).weight.detach().square().mean()) * 16
        assert 0.9 < spread < 1.1, f"{config}: {spread} times what it should be"
