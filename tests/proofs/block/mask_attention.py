"""Mask attention networks: two attentions, then a feed-forward."""

from proving import H, proof

from regard.attention.dynamic_mask import Config as Mask
from regard.attention.softmax import Config as Softmax
from regard.block.mask_attention import Config

CONFIGS = [
    Config(mask=Mask(heads=H), mixer=Softmax(heads=H), place=place) for place in ("pre", "post")
]
plain = proof("block", "standard")


def naive(block, x, pass_):
    first, second, third = block.residuals
    mask, attention = block.line
    assert type(mask.core).__name__ == "DynamicMask"
    x = plain.added(first, x, lambda x: mask(x, pass_)[0])
    x = plain.added(second, x, lambda x: attention(x, pass_)[0])
    return plain.added(third, x, lambda x: plain.fed(block.ff, x))
