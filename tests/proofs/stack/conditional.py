"""Conditional computation: gates written out, hard at use and soft in training."""

import torch
from proving import B, D, T, drawn, proof, same, shaken, trip

from regard.stack.conditional import Config
from regard.stack.plain import Config as Plain

plain = proof("stack", "plain")
PRE = plain.BLOCK.model_copy(update={"dropout": 0.0})
POST = PRE.model_copy(update={"place": "post"})
CONFIGS = [Config(layers=3, block=block, noise=0.0) for block in (PRE, POST)]


def naive(encoder, x, pass_):
    return gated(encoder.stack, x, pass_, lambda a: (a > 0).double())[0]


naive_writes = naive


def gated(stack, x, pass_, gate):
    """What comes out, and the gates (B T layers)."""
    see, gates = plain.see_of(pass_), []
    x = x + plain.waves(x, pass_.pos)
    for i, block in enumerate(stack.blocks):
        a = (x * stack.gates[i].weight[0]).sum(-1) + stack.lean[i]
        gates.append(gate(a))
        x = x + gates[-1][..., None] * (plain.written(block, x, see) - x)
    return plain.ended(stack, x), torch.stack(gates, -1)


def limit_open_gates_are_plain():
    ours, other = (kind(layers=3, block=PRE).encoder(D) for kind in (Config, Plain))
    ours, other = shaken(ours), shaken(other)
    other.stack.load_state_dict(ours.stack.state_dict(), strict=False)
    ours.stack.lean.data.fill_(1e3)
    x = drawn(B, T, D)
    same(ours(x, trip(None, False)).x, other(x, trip(None, False)).x)


def limit_shut_gates_leave_the_embeddings():
    ours = shaken(Config(layers=3, block=POST).encoder(D))
    ours.stack.lean.data.fill_(-1e3)
    x = drawn(B, T, D)
    same(ours(x, trip(None, False)).x, x + plain.waves(x, torch.arange(T).expand(B, T)))


def limit_without_noise_training_is_the_soft_form_and_its_price():
    """Over real positions alone."""
    ok = torch.arange(T) < torch.tensor([13, 9, 1])[:, None]
    for config in CONFIGS:
        encoder, pass_, x = shaken(config.encoder(D)), trip(ok, False), drawn(B, T, D)
        encoder(x, pass_)
        assert not pass_.aux
        got = encoder.train()(x, pass_).x
        want, gates = gated(encoder.stack, x, trip(ok, False), lambda a: 1 / (1 + (-a).exp()))
        same(got[ok], want[ok])
        share = gates[ok].mean()
        same(pass_.aux[0], config.weight * (share - config.budget) ** 2)
