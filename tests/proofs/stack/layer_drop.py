"""LayerDrop: plain at use; in training the blocks that were drawn, one after the other."""

import torch
from proving import B, D, T, drawn, proof, same, shaken, trip

from regard.stack.layer_drop import Config
from regard.stack.plain import Config as Plain

plain = proof("stack", "plain")
CONFIGS = [Config(layers=2, block=plain.BLOCK), Config(layers=3, block=plain.BLOCK, drop=0.5)]
naive = naive_writes = plain.naive
STILL = plain.BLOCK.model_copy(update={"dropout": 0.0})


def through(encoder, x, left):
    """x through these blocks alone."""
    pass_ = trip(None, False)
    x, see = x + plain.waves(x, pass_.pos), plain.see_of(pass_)
    for i in left:
        x = plain.written(encoder.stack.blocks[i], x, see)
    return plain.ended(encoder.stack, x)


def limit_drop_0_is_plain():
    made = []
    for kind in (Config(layers=3, block=STILL, drop=0.0), Plain(layers=3, block=STILL)):
        torch.manual_seed(3)
        made.append(kind.encoder(D).double().train())
    x = drawn(B, T, D)
    same(*(one(x, trip(None, False)).x for one in made))


def limit_in_training_it_is_the_blocks_that_were_drawn():
    encoder = shaken(Config(layers=3, block=STILL, drop=0.5).encoder(D)).train()
    x, seen = drawn(B, T, D), set()
    for seed in range(8):
        torch.manual_seed(seed)
        left = [i for i in range(3) if float(torch.rand(())) >= 0.5]
        torch.manual_seed(seed)
        same(encoder(x, trip(None, False)).x, through(encoder, x, left))
        seen.add(tuple(left))
    assert len(seen) > 3
