"""A table, row by row."""

import pytest
import torch
from proving import B, D, T, drawn, same, trip

from regard.position.learned import Config
from regard.position.sinusoidal import Config as Sinusoidal
from regard.recipe import UserError

CONFIGS = [Config(length=T)]


def naive_add(position, x, pass_, layer):
    rows = [[position.table.weight[t] for t in row.tolist()] for row in pass_.pos]
    return x if layer else x + torch.stack([torch.stack(row) for row in rows])


def limit_with_waves_in_its_table_it_is_sinusoidal():
    learned, waves = Config(length=T).build(D, 1), Sinusoidal().build(D, 1)
    x, pass_ = drawn(B, T, D), trip(None, False)
    learned.table.weight.data = waves.add(torch.zeros(B, T, D), pass_, 0)[0]
    same(learned.add(x, pass_, 0), waves.add(x, pass_, 0))


def limit_a_longer_row_is_refused():
    with pytest.raises(UserError, match="end at"):
        Config(length=T - 1).build(D, 1).add(drawn(B, T, D), trip(None, False), 0)
