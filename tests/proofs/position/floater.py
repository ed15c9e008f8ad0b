"""FLOATER's equation, solved with the methods' tables."""

import torch
from proving import D, T, drawn, same, shaken, trip

from regard.position.floater import Config

CONFIGS = [
    Config(),
    Config(steps=3, delta=0.5),
    Config(solver="euler"),
    Config(solver="euler", steps=2),
]
TABLES = {  # of Butcher: when to look, from where, and how much each look counts
    "euler": ([0.0], [[]], [1.0]),
    "rk4": (
        [0.0, 0.5, 0.5, 1.0],
        [[], [0.5], [0.0, 0.5], [0.0, 0.0, 1.0]],
        [1 / 6, 1 / 3, 1 / 3, 1 / 6],
    ),
}


def vectors(position, count):
    when, where, share = TABLES[position.solver]
    p, step, found = position.origin, position.step, []
    w, b = position.hidden.weight, position.hidden.bias
    for n in range(count * position.steps):
        if n % position.steps == 0:
            found.append(p)
        looks = []
        for c, row in zip(when, where, strict=True):
            at = p + step * sum(a * look for a, look in zip(row, looks, strict=True))
            inside = torch.tanh(w[:, :-1] @ at + w[:, -1] * (n + c) * step + b)
            looks.append(position.heading.weight @ inside + position.heading.bias)
        p = p + step * sum(s * look for s, look in zip(share, looks, strict=True))
    return torch.stack(found)


def naive_add(position, x, pass_, layer):
    pass_.scopes.clear()  # what this trip worked out is differentiated once a layer here
    return x + vectors(position, T)[pass_.pos]


def limit_without_dynamics_all_positions_have_one_vector():
    position = shaken(Config().build(D, 1))
    for p in position.heading.parameters():
        p.data.zero_()
    x = drawn(3, T, D)
    same(position.add(x, trip(None, False), 0), x + position.origin)


def limit_errors_fall_with_the_first_and_the_fourth_power_of_the_step():
    weights = shaken(Config().build(D, 1)).state_dict()
    for solver, power, few in (("euler", 1, 32), ("rk4", 4, 4)):
        found = []
        for steps in (few, 2 * few, 4 * few):
            position = Config(solver=solver, steps=steps, delta=0.5).build(D, 1)
            position.load_state_dict(weights)
            found.append(position.vectors(T)[-1].detach())
        ratio = float((found[0] - found[1]).norm() / (found[1] - found[2]).norm())
        assert 0.8 * 2**power < ratio < 1.25 * 2**power, f"{solver}: {ratio:.2f} times smaller"
