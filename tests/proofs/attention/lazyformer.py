"""LazyFormer: a layer that makes weights, and one that takes them."""

import torch
from proving import B, D, H, T, dense, drawn, own_scope, plain_softmax, same, seen, trip

from regard.attention.lazyformer import Config
from regard.attention.softmax import Config as Softmax
from regard.block.standard import Config as Standard
from regard.position.rotary import Config as Rotary
from regard.stack.plain import Config as Plain

CONFIGS = [Config(heads=H), Config(heads=H).at(1)]


def prepare(pass_):
    """What a layer below would have left."""
    pass_.scores = drawn(B, H, T, T, seed=21)


def naive(core, q, k, v, scope):
    if "q" in core.uses:
        return dense(q, k, v, scope)
    weights = plain_softmax(scope.trip.scores, seen(scope))
    return torch.einsum("bhij,bhjk->bhik", weights, v)


def encoder(mixer, layers):
    made = Plain(layers=layers, position=Rotary(), block=Standard(mixer=mixer, dropout=0))
    torch.manual_seed(3)
    return made.encoder(D).double().eval()


def limit_every_layer_for_itself_is_dense():
    x = drawn(B, T, D)
    lazy, plain = encoder(Config(heads=H, every=1), 3), encoder(Softmax(heads=H), 3)
    same(lazy(x, trip(None, False)).x, plain(x, trip(None, False)).x)


def limit_only_layers_that_make_weights_have_queries_and_keys():
    stack = encoder(Config(heads=H, every=2), 5).stack
    has = [bool(list(block.mixer.q.parameters())) for block in stack.blocks]
    assert has == [True, False, True, False, True]
    assert has == [bool(list(block.mixer.k.parameters())) for block in stack.blocks]


def limit_a_layer_above_looks_where_the_one_below_looked():
    q, k, v = (drawn(B, H, T, D // H, seed=i) for i in range(3))
    scope, _pass = own_scope(None, True)
    makes, takes = (Config(heads=H).at(layer).core(D // H) for layer in (0, 1))
    makes.attend(q, k, v, scope)
    got = takes.attend(v, v, q, scope)
    scores = q @ k.transpose(-1, -2) / (D // H) ** 0.5
    same(got, plain_softmax(scores, seen(scope)) @ q)
