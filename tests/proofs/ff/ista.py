"""ISTA, unit by unit, and that it descends."""

import torch
from proving import B, D, T, drawn, same, shaken, trip

from regard.ff.ista import Config

CONFIGS = [Config(), Config(step=0.4, sparsity=0.3), Config(sparsity=0.0)]


def naive(ff, x, pass_):
    atoms = ff.dictionary.unbind(1)  # D of D
    missed = x - sum(x[..., j, None] * atom for j, atom in enumerate(atoms))
    slope = torch.stack([-(missed * atom).sum(-1) for atom in atoms], -1)
    code = x - ff.step * slope - ff.step * ff.sparsity
    return torch.where(code > 0, code, 0.0) - x


def cost(ff, x, code):
    """What the step makes less of: B T."""
    missed = x - code @ ff.dictionary.T
    return missed.square().sum(-1) / 2 + ff.sparsity * code.abs().sum(-1)


def limit_an_orthogonal_dictionary_and_a_step_of_1_find_the_best_code():
    ff, x = shaken(Config(step=1.0, sparsity=0.3).build(D)), drawn(B, T, D)
    with torch.no_grad():
        ff.dictionary.copy_(torch.linalg.qr(ff.dictionary)[0])
    code = x + ff(x, trip(None, False))
    same(code, (x @ ff.dictionary - 0.3).relu())
    draw = torch.Generator().manual_seed(2)
    for _ in range(50):  # nobody beside it is better
        other = (code + 0.1 * torch.randn(code.shape, generator=draw)).relu()
        assert (cost(ff, x, other) >= cost(ff, x, code) - 1e-12).all()


def limit_a_step_short_enough_never_makes_it_worse():
    ff, x = shaken(Config().build(D)), drawn(B, T, D).detach().abs()  # starts as a code should
    ff.step = 1 / float(torch.linalg.matrix_norm(ff.dictionary.detach(), 2)) ** 2
    code = x + ff(x, trip(None, False))
    assert (cost(ff, x, code) <= cost(ff, x, x) + 1e-12).all()
    assert (code != x).any()
