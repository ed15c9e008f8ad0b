"""General attention, pair by pair; its matrix stands outside the core."""

import torch
from proving import B, D, T, drawn, plain_softmax, same, seen

from regard.attention.dot import Config as Dot
from regard.attention.general import Config
from regard.attention.scope import scope_of
from regard.pass_ import encoding

CONFIGS = [Config(), Config(heads=2)]


def naive(core, q, k, v, scope):
    scores = (q[:, :, :, None] * k[:, :, None]).sum(-1)
    return plain_softmax(scores, seen(scope)) @ v


def limit_a_matrix_of_one_is_dot():
    ours, x = Config().build(D).double(), drawn(B, T, D)
    torch.nn.init.eye_(ours.k.weight)
    torch.nn.init.zeros_(ours.k.bias)
    same(ours(x, encoding(None, x))[0], Dot().build(D)(x, encoding(None, x))[0])


def limit_with_its_projection_it_is_luongs_formula():
    ours, x, pass_ = Config().build(D).double(), drawn(B, T, D), encoding(None, drawn(B, T, D))
    w, b = ours.k.weight, ours.k.bias
    scores = torch.stack([x[:, i : i + 1] @ (w @ x.transpose(1, 2) + b[:, None]) for i in range(T)])
    weights = plain_softmax(scores[:, :, 0].transpose(0, 1), seen(scope_of(pass_))[:, 0])
    same(ours(x, pass_)[0], weights @ x)
