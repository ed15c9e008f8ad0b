"""PowerNorm's algorithm, its gradient put in by a hook."""

import torch
from proving import OK, B, D, T, drawn, same, shaken

from regard.norm.power import Config


def naive(norm, x, ok):
    psi = (norm.square + norm.eps) ** 0.5
    z = x / psi
    nu = norm.pull.clone()
    if norm.training:
        z.register_hook(lambda dz: dz - nu * z.detach())
    return z * norm.gain + norm.bias


def limit_on_one_batch_again_and_again_it_is_that_batchs_quadratic_mean():
    """And its gradient is the exact one (PN-V, section 4.1), though psi and nu are remembered."""
    norm = shaken(Config(momentum=0.0, eps=0.0).build(D)).train()
    w = drawn(B, T, D, seed=8).detach()
    for ok in OK.values():
        real = torch.ones(B, T, 1) if ok is None else ok[..., None]
        for _ in range(3):
            x = drawn(B, T, D)
            got = norm(x, ok)
            (grad,) = torch.autograd.grad((got * w * real).sum(), x)
        x = drawn(B, T, D)
        psi = ((x**2 * real).sum((0, 1)) / real.sum()) ** 0.5
        want = norm.gain * x / psi + norm.bias
        (exact,) = torch.autograd.grad((want * w * real).sum(), x)
        same(got, want)
        same(grad, exact)


def limit_several_steps_are_those_of_the_paper():
    """Algorithm 2, position by position, with padding left out."""
    norm, ok, alpha = shaken(Config(momentum=0.7).build(D)).train(), OK["holes"], 0.7
    square, nu = torch.ones(D), torch.zeros(D)
    for step in range(4):
        x, dy = drawn(B, T, D, seed=step), drawn(B, T, D, seed=50 + step).detach()
        (got,) = torch.autograd.grad((norm(x, ok) * dy * ok[..., None]).sum(), x)
        psi = (square + norm.eps) ** 0.5
        rows = [(b, t) for b in range(B) for t in range(T) if ok[b, t]]
        z, dz = {}, {}
        for row in rows:
            z[row], dz[row] = x[row].detach() / psi, norm.gain.detach() * dy[row]
            same(got[row], (dz[row] - nu * z[row]) / psi)
        gamma = sum(z[row] ** 2 for row in rows) / len(rows)
        many = sum(dz[row] * z[row] for row in rows) / len(rows)
        nu = nu * (1 - (1 - alpha) * gamma) + (1 - alpha) * many
        batch = sum(x[row].detach() ** 2 for row in rows) / len(rows)
        square = square + (1 - alpha) * (batch - square)
        same(norm.pull, nu, "nu")
        same(norm.square, square, "psi")
    assert not got[~ok].any(), "padding teaches nothing"


def limit_a_row_is_the_same_alone_in_training_too():
    norm, x = shaken(Config().build(D)).train(), drawn(B, T, D)
    norm(x)  # not at its start
    before = {name: t.clone() for name, t in norm.state_dict().items()}
    together = norm(x)[1:2]
    norm.load_state_dict(before)
    same(norm(x[1:2]), together)
