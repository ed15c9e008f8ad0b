"""Multi-query attention, head by head."""

import torch
from proving import B, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen

from regard.attention.grouped_query import Config as Grouped
from regard.attention.multi_query import Config

CONFIGS = [Config(heads=H), Config(heads=1)]


def naive(core, q, k, v, scope):
    see, only_k, only_v = seen(scope)[:, 0], k[:, 0], v[:, 0]
    heads = [
        plain_softmax(asks @ only_k.mT / q.size(-1) ** 0.5, see) @ only_v for asks in q.unbind(1)
    ]
    return torch.stack(heads, 1)


def one_key_head():
    return drawn(B, H, T, K), *(drawn(B, 1, T, K, seed=i) for i in (1, 2))


def limit_it_is_grouped_with_one_group():
    for causal in (False, True):
        scope, _pass = own_scope(None, causal)
        got = Config(heads=H).core(K).attend(*one_key_head(), scope)
        same(got, Grouped(heads=H, groups=1).core(K).attend(*one_key_head(), scope))


def limit_it_is_dense_if_every_head_had_these_keys():
    q, k, v = one_key_head()
    for causal in (False, True):
        scope, _pass = own_scope(None, causal)
        got = Config(heads=H).core(K).attend(q, k, v, scope)
        same(got, dense(q, k.expand(-1, H, -1, -1), v.expand(-1, H, -1, -1), scope))
