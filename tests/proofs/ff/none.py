"""No feed-forward at all."""

from proving import B, D, T, drawn, same, shaken, trip

from regard.block.base import Layer
from regard.block.standard import Config as Standard
from regard.ff.none import Config


def naive(ff, x, pass_):
    return x - x


def limit_a_block_that_adds_is_its_attention_and_nothing_else():
    block = shaken(Standard(ff=Config(), dropout=0.0).build(D, None, False, 1))
    x, pass_ = drawn(B, T, D), trip(None, True)
    y, _ = block.mixer(block.residuals[0].before(x, None), pass_, None)
    same(block(x, pass_, Layer())[0], x + y)
