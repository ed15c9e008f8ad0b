"""Transformer-XL: each segment against the whole past, from which gradients are cut."""

import torch
from proving import B, D, T, drawn, same, shaken, trip

from regard.attention.scope import Causal, Rule
from regard.pass_ import Keys
from regard.stack.plain import Config as Plain
from regard.stack.transformer_xl import Config

CONFIGS = [
    Config(layers=2, segment=4, memory=4),
    Config(layers=2, segment=3, memory=5),
    Config(layers=1, segment=5, memory=0, position="none"),
]


class Near(Rule):
    """Written out pair by pair."""

    def __init__(self, segment, memory):
        object.__setattr__(self, "sizes", (segment, memory))

    def __call__(self, q_pos, k_pos):
        segment, memory = self.sizes
        q_pos, k_pos = torch.broadcast_tensors(q_pos, k_pos)
        see = [
            j >= (i // segment) * segment - memory
            for i, j in zip(q_pos.flatten().tolist(), k_pos.flatten().tolist(), strict=True)
        ]
        return torch.tensor(see).view(q_pos.shape)


def naive_writes(decoder, x, pass_):
    rule, made = decoder.rule, []
    rules = (Causal(), Near(rule.segment, rule.memory))
    for a in range(0, T, rule.segment):
        b = min(a + rule.segment, T)
        past, _ = decoder.start(None, B, None, x[:, :0])
        if a:  # all of the past again, without gradients
            before = trip(None, True, B, a)
            before.rules = rules
            with torch.no_grad():
                past = decoder.stack(x[:, :a], before, past)[1]
        now = trip(None, True, B, b)
        now.rules, now.start, now.pos = rules, a, now.pos[:, a:]
        now.keys = Keys(torch.arange(b).expand(B, b))
        made.append(decoder.stack(x[:, a:b], now, past)[0])
    return torch.cat(made, 1)


def limit_segments_are_one_long_pass():
    decoder = shaken(Config(layers=2, segment=4, memory=4).decoder(D, None))
    x, pass_ = drawn(B, T, D), trip(None, True)
    layers, _ = decoder.start(None, B, None, x[:, :0])
    got = decoder(x, pass_, layers)[0]
    long = trip(None, True)
    long.rules = (Causal(), decoder.rule)
    same(got, decoder.stack(x, long, layers)[0])


def limit_a_long_memory_is_the_plain_stack():
    decoder = shaken(Config(layers=2, segment=4, memory=T).decoder(D, None))
    plain = Plain(layers=2, position="transformer_xl").decoder(D, None).double().eval()
    plain.load_state_dict(decoder.state_dict())
    x = drawn(B, T, D)
    answers = [m(x, trip(None, True), m.start(None, B, None, x[:, :0])[0])[0]
               for m in (decoder, plain)]  # fmt: skip
    same(*answers)
