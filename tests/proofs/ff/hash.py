"""Hash layers, token by token."""

import pytest
import torch
from proving import B, D, T, V, drawn, proof, same, shaken, trip

from regard.ff.hash import Config
from regard.pass_ import encoding
from regard.recipe import UserError

CONFIGS = [Config(), Config(experts=2, width=5), Config(experts=3, buckets=5)]
switch = proof("ff", "switch")


def naive(ff, x, pass_):
    ids = pass_.tokens.flatten().tolist()
    said = [
        switch.expert(ff.experts, int(ff.table[t % len(ff.table)]), token)
        for t, token in zip(ids, x.flatten(0, 1), strict=True)
    ]
    return torch.stack(said).view(x.shape)


def limit_each_token_meets_the_plain_feed_forward_that_the_table_names():
    ff, x, pass_ = shaken(Config().build(D)), drawn(B, T, D), trip(None, False)
    named = ff.table[pass_.tokens]
    assert len(named.unique()) == 4, "not every expert is tried"
    got = ff(x, pass_)
    for i in range(4):
        same(got[named == i], switch.plain(ff.experts, i)(x, pass_)[named == i])


def limit_experts_are_named_equally_often_and_the_same_everywhere():
    first, second = (Config(experts=4).build(D).table for _ in range(2))
    assert torch.equal(first, second)
    assert first.bincount().tolist() == [len(first) // 4] * 4
    assert len(first[:V].unique()) == 4, "ids side by side go to one expert"


def limit_without_tokens_it_says_so():
    ff, x = Config().build(D), drawn(B, T, D)
    with pytest.raises(UserError, match="hash: .* switch"):
        ff(x, encoding(None, x))
