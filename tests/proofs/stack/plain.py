"""The plain stack written out, part by part; other stacks' proofs borrow the parts."""

import torch
from proving import H, plain_softmax

from regard.attention.softmax import Config as Softmax
from regard.block.standard import Config as Standard
from regard.ff.relu import Config as ReLU
from regard.stack.plain import Config

BLOCK = Standard(mixer=Softmax(heads=H), cross=Softmax(heads=H), ff=ReLU(width=12))
CONFIGS = [
    Config(layers=2, block=BLOCK),
    Config(layers=2, block=BLOCK.model_copy(update={"place": "post"})),
]


def waves(x, pos):
    """Sines, then cosines, of every position (B T)."""
    half = 10000.0 ** -(torch.arange(0, x.size(-1), 2) / x.size(-1))
    return torch.cat([torch.sin(pos[..., None] * half), torch.cos(pos[..., None] * half)], -1)


def normed(norm, x):
    centred = x - x.mean(-1, keepdim=True)
    spread = (centred**2).mean(-1, keepdim=True)
    return centred / (spread + norm.eps) ** 0.5 * norm.gain + norm.bias


def linear(map_, x):
    return x @ map_.weight.T + (0 if map_.bias is None else map_.bias)


def attend(attention, x, memory, see):
    """Queries of x (B T D), keys and values of memory (B S D); see broadcasts to B H T S."""
    heads = []
    width = x.size(-1) // attention.heads
    q = linear(attention.q, x)
    k, v = linear(attention.k, memory), linear(attention.v, memory)
    for h in range(attention.heads):
        at = slice(h * width, (h + 1) * width)
        scores = q[..., at] @ k[..., at].transpose(1, 2) / width**0.5
        see_here = see.expand(len(x), 1, *scores.shape[1:])[:, 0]
        heads.append(plain_softmax(scores, see_here) @ v[..., at])
    return linear(attention.out, torch.cat(heads, -1))


def around(residual, x, part):
    """x and what a part answers, before or after the norm."""
    if residual.place == "pre":
        return x + part(normed(residual.norm, x))
    return normed(residual.norm, x + part(x))


def fed(ff, residual, x):
    return around(residual, x, lambda z: linear(ff.down, linear(ff.up, z).clamp_min(0)))


def mixed(block, x, see, memory=None):
    """The first half of a block; over a memory (B S D) without padding in a decoder."""
    x = around(block.residuals[0], x, lambda z: attend(block.mixer, z, z, see))
    if memory is None:
        return x
    all_of_it = torch.ones(1, 1, 1, memory.size(1), dtype=torch.bool)
    return around(block.residuals[1], x, lambda z: attend(block.cross, z, memory, all_of_it))


def written(block, x, see, memory=None):
    """A standard block."""
    return fed(block.ff, block.residuals[-1], mixed(block, x, see, memory))


def see_of(pass_):
    """B 1 T T (or less): whom each position may see in this trip."""
    length = pass_.pos.size(1)
    see = torch.ones(1, 1, length, length, dtype=torch.bool)
    if pass_.rules:
        see = see.tril()
    return see if pass_.ok is None else see & pass_.ok[:, None, None]


def ended(stack, x):
    return x if stack.norm is None else normed(stack.norm, x)


def naive(encoder, x, pass_):
    x, see = x + waves(x, pass_.pos), see_of(pass_)
    for block in encoder.stack.blocks:
        x = written(block, x, see)
    return ended(encoder.stack, x)


naive_writes = naive
