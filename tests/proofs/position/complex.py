"""The real part of a product of complex numbers."""

import torch
from proving import B, D, T, drawn, same, shaken, trip

from regard.position.complex import Config

CONFIGS = [Config(), Config(base=3.0)]


def naive_add(position, x, pass_, layer):
    if layer:
        return x
    angle = torch.stack([pos * position.frequency for pos in pass_.pos.flatten()])
    start = torch.polar(torch.ones(D), position.phase)
    wave = torch.polar(torch.ones(B * T, D), angle) * start
    return (x.flatten(0, 1) * wave).real.view_as(x)


def limit_with_frequencies_and_phases_of_0_a_word_is_the_same_everywhere():
    position = Config().build(D, 1)
    position.frequency.data.zero_()
    x = drawn(B, T, D)
    same(position.add(x, trip(None, False), 0), x)


def limit_a_step_to_either_side_depends_on_the_word_where_it_is_alone():
    """f(pos + n) + f(pos - n) = 2 cos(w n) f(pos): how far one moves, not where from."""
    position, word = shaken(Config().build(D, 1)), drawn(1, 1, D)
    f = position.add(word.expand(1, T, D), trip(None, False, 1), 0)[0]
    for n in (1, 2, 5):
        want = 2 * (n * position.frequency).cos() * f[n : T - n]
        same(f[2 * n :] + f[: T - 2 * n], want)
