"""GShard, token by token."""

import torch
from proving import OK, B, D, T, drawn, proof, same, shaken, trip

from regard.ff.gshard import Config

CONFIGS = [Config(), Config(experts=2, width=5), Config(experts=7)]
switch = proof("ff", "switch")


def naive(ff, x, pass_):
    out = []
    for token in x.flatten(0, 1):
        p = switch.odds(ff.router.weight @ token)
        i, j = p.argsort(descending=True)[:2].tolist()
        said = [p[a] * switch.expert(ff.experts, a, token) for a in (i, j)]
        out.append((said[0] + said[1]) / (p[i] + p[j]))
    return torch.stack(out).view(x.shape)


def limit_with_one_expert_it_is_a_plain_feed_forward():
    ff, x = shaken(Config(experts=1).build(D)), drawn(B, T, D)
    same(ff(x, trip(None, False)), switch.plain(ff.experts, 0)(x, trip(None, False)))


def limit_experts_all_alike_are_a_plain_feed_forward():
    ff, x = shaken(Config(experts=5).build(D)), drawn(B, T, D)
    with torch.no_grad():
        for p in ff.experts.parameters():
            p.copy_(p[:1].expand_as(p))
    same(ff(x, trip(None, False)), switch.plain(ff.experts, 3)(x, trip(None, False)))


def limit_the_extra_loss_is_that_of_switch():
    ff, x = shaken(Config().build(D)), drawn(B, T, D)
    other = switch.Config().build(D)
    other.load_state_dict(ff.state_dict())
    for ok in OK.values():
        same(switch.extra(ff, x, ok), switch.extra(other, x, ok))
