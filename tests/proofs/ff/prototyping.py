"""Expert prototyping, token by token."""

import torch
from proving import OK, B, D, T, drawn, proof, same, shaken, trip

from regard.ff.prototyping import Config

CONFIGS = [Config(), Config(prototypes=3, experts=2, width=5), Config(prototypes=1)]
switch = proof("ff", "switch")


def naive(ff, x, pass_):
    out, E = [], len(ff.experts.up) // ff.groups
    for token in x.flatten(0, 1):
        said = 0
        for z in range(ff.groups):
            p = switch.odds(ff.router.weight[z * E : z * E + E] @ token)
            i = int(p.argmax())
            said = said + p[i] * switch.expert(ff.experts, z * E + i, token)
        out.append(said)
    return torch.stack(out).view(x.shape)


def limit_one_prototype_is_switch():
    ff, x = shaken(Config(prototypes=1).build(D)), drawn(B, T, D)
    other = switch.Config().build(D).eval()
    other.load_state_dict(ff.state_dict())
    same(ff(x, trip(None, False)), other(x, trip(None, False)))


def limit_prototypes_of_one_expert_each_are_a_sum_of_plain_feed_forwards():
    ff, x = shaken(Config(prototypes=3, experts=1).build(D)), drawn(B, T, D)
    want = sum(switch.plain(ff.experts, i)(x, trip(None, False)) for i in range(3))
    same(ff(x, trip(None, False)), want)


def limit_the_extra_loss_is_a_sum_over_prototypes():
    ff, x = shaken(Config(prototypes=3, experts=2).build(D)), drawn(B, T, D)
    for ok in OK.values():
        want = 0
        for z in range(3):
            one = switch.Config(experts=2).build(D)
            with torch.no_grad():
                one.router.weight.copy_(ff.router.weight[2 * z : 2 * z + 2])
            want = want + switch.extra(one, x, ok)
        same(switch.extra(ff, x, ok), want)
