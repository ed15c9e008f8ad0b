"""Strided attention, pair by pair."""

import torch
from proving import B, H, K, T, drawn, own_scope, plain_softmax, same, seen

from regard.attention.softmax import Config as Softmax
from regard.attention.strided import Config
from regard.position.alibi import Config as Alibi
from regard.position.shaw import Config as Shaw
from regard.position.t5 import Config as T5
from regard.position.transformer_xl import Config as TransformerXL

CONFIGS = [Config(heads=heads, stride=stride) for heads in (2, 3) for stride in (1, 2, 4, 13)]
LONG = Config(heads=2)


def naive(core, q, k, v, scope):
    far = scope.q_pos[:, None, :, None] - scope.k_pos[:, None, None, :]
    heads = torch.arange(q.size(1))[:, None, None]
    pattern = torch.where(heads < q.size(1) // 2, far.abs() <= core.stride, far % core.stride == 0)
    return plain_softmax(q @ k.transpose(-1, -2) / q.size(-1) ** 0.5, seen(scope) & pattern) @ v


def limit_a_stride_of_one_or_of_the_whole_row_is_dense_whatever_the_position():
    heads = 2 * H
    q, k, v = (drawn(B, heads, T, K, seed=i) for i in range(3))
    for kind in (Alibi(), Shaw(), T5(), TransformerXL()):
        position = kind.build(heads * K, heads)
        for causal in (False, True):
            scope, _pass = own_scope(None, causal)
            scope = scope.at(position)
            want = Softmax(heads=heads).core(K).attend(q, k, v, scope)
            near = Config(heads=heads, stride=T).core(K).attend(q, k, v, scope)
            far = Config(heads=heads, stride=1).core(K).attend(q, k, v, scope)
            same(near[:, :H], want[:, :H])
            same(far[:, H:], want[:, H:])
