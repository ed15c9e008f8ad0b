"""The standard block in each placement of the norm, part after part."""

from typing import get_args

from proving import H

from regard.attention.softmax import Config as Softmax
from regard.block.residual import Placement
from regard.block.standard import Config

CONFIGS = [Config(mixer=Softmax(heads=H), place=place) for place in get_args(Placement)]
LAYERS = 2  # that the harness builds blocks for


def normed(norm, x):
    far = x - x.mean(-1, keepdim=True)
    return far / (far.pow(2).mean(-1, keepdim=True) + norm.eps).sqrt() * norm.gain + norm.bias


def added(residual, x, part):
    """x and what a part makes of it, as the placement has it."""
    first, second = residual.norm, residual.second
    if residual.place == "pre":
        return x + part(normed(first, x))
    if residual.place == "post":
        return normed(first, x + part(x))
    if residual.place == "sandwich":
        return x + normed(second, part(normed(first, x)))
    if residual.place == "rezero":
        return x + residual.gate * part(x)
    return normed(first, (2 * LAYERS) ** 0.25 * x + part(x))


def fed(ff, x):
    return (x @ ff.up.weight.T + ff.up.bias).clamp_min(0) @ ff.down.weight.T + ff.down.bias


def naive(block, x, pass_):
    x = added(block.residuals[0], x, lambda x: block.mixer(x, pass_)[0])
    return added(block.residuals[1], x, lambda x: fed(block.ff, x))
