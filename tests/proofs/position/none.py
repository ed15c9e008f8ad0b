"""No positions."""

import torch
from proving import B, H, K, T, dense, drawn, own_scope, same

from regard.attention.softmax import Config as Softmax


def naive(position, q, k, v, scope):
    return dense(q, k, v, scope)


def limit_rows_in_another_order_give_the_same_in_that_order():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core, order = Softmax(heads=H).core(K), torch.randperm(T)
    scope, _pass = own_scope(None, causal=False)
    want = core.attend(q, k, v, scope)[:, :, order]
    same(core.attend(*(x[:, :, order] for x in (q, k, v)), scope), want)
