"""Sandwich order, spelt out letter by letter."""

import torch
from proving import B, D, S, T, drawn, proof, same, shaken, trip

from regard.block._half import Mixing
from regard.stack.plain import Config as Plain
from regard.stack.sandwich import Config
from regard.state import Encoded

plain = proof("stack", "plain")
CONFIGS = [Config(layers=3, block=plain.BLOCK, coefficient=k) for k in (0, 1, 3)]
ORDERS = {0: "sfsfsf", 1: "ssfsff", 2: "sssfff", 3: "sssfff"}


def encoded():
    """A memory."""
    return Encoded(drawn(B, S, D, seed=21), None, torch.arange(S).expand(B, S))


def naive(encoder, x, pass_, memory=None):
    blocks, see = list(encoder.stack.blocks), plain.see_of(pass_)
    mixing = [b for b in blocks if isinstance(b, Mixing)]
    feeding = [b for b in blocks if not isinstance(b, Mixing)]
    k = next(k for k, order in ORDERS.items() if order == spelt(blocks))
    x = x + plain.waves(x, pass_.pos)
    for letter in ORDERS[k]:
        if letter == "s":
            x = plain.mixed(mixing.pop(0), x, see, memory)
        else:
            half = feeding.pop(0)
            x = plain.fed(half.ff, half.residual, x)
    assert not mixing and not feeding
    return plain.ended(encoder.stack, x)


def spelt(blocks):
    return "".join("s" if isinstance(b, Mixing) else "f" for b in blocks)


def naive_writes(decoder, x, pass_):
    return naive(decoder, x, pass_, encoded().x)


def limit_a_coefficient_of_nothing_is_plain():
    torch.manual_seed(3)
    ours = Config(layers=3, block=plain.BLOCK, coefficient=0).encoder(D).double().eval()
    torch.manual_seed(3)
    other = Plain(layers=3, block=plain.BLOCK).encoder(D).double().eval()
    x = drawn(B, T, D)
    same(ours(x, trip(None, False)).x, other(x, trip(None, False)).x)


def limit_every_order_is_as_the_paper_spells_it():
    for k, order in ORDERS.items():
        stack = shaken(Config(layers=3, block=plain.BLOCK, coefficient=k).encoder(D)).stack
        assert spelt(stack.blocks) == order
