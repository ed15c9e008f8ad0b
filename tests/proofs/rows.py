"""What naive forms of stacks that read by chunks share: one row without padding at a time."""

import torch

from regard.block.base import Layer
from regard.pass_ import encoding


def read(stack, x, tokens=None):
    """x (n D), nothing beside it, after the positions, blocks and norm of a plain stack."""
    pass_ = encoding(None, x[None], None if tokens is None else tokens[None])
    y = x[None]
    for i, block in enumerate(stack.blocks):
        y = block(stack.position.add(y, pass_, i), pass_, Layer())[0]
    return (y if stack.norm is None else stack.norm(y))[0]


def real(x, pass_):
    """The real tokens of each row: vectors and ids."""
    for b in range(len(x)):
        ok = slice(None) if pass_.ok is None else pass_.ok[b]
        yield x[b][ok], pass_.tokens[b][ok]


def laid(found, width):
    """Rows of different lengths (n D) as N width D, zeros behind."""
    dim = found[0].size(-1)
    out = [torch.cat([y, y.new_zeros(width - len(y), dim)]) for y in found]
    return torch.stack(out)


def back(found, x, ok):
    """Rows of real tokens to where they stand in x (N T D)."""
    out = torch.zeros_like(x)
    for b, y in enumerate(found):
        at = torch.arange(x.size(1)) if ok is None else ok[b].nonzero()[:, 0]
        out = out.index_put((torch.tensor(b), at), y)
    return out
