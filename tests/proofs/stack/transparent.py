"""Transparent attention, layer by layer."""

import torch
from proving import B, D, S, T, drawn, proof, same, shaken, trip

from regard.stack.plain import Config as Plain
from regard.stack.transparent import Config
from regard.state import Encoded

plain = proof("stack", "plain")
POST = plain.BLOCK.model_copy(update={"place": "post"})
CONFIGS = [
    Config(layers=3, block=block, hands=hands)
    for block, hands in ((plain.BLOCK, "mixture"), (POST, "mixture"), (plain.BLOCK, "layers"))
]
L = 4  # layers of the memory, the embeddings among them


def encoded(seed=21):
    """A memory of L layers side by side."""
    return Encoded(drawn(B, S, L * D, seed=seed), None, torch.arange(S).expand(B, S))


def naive(encoder, x, pass_):
    see = plain.see_of(pass_)
    layers = [x + plain.waves(x, pass_.pos)]
    for block in encoder.stack.blocks:
        layers.append(plain.written(block, layers[-1], see))
    layers = [plain.ended(encoder.stack, h) for h in layers]
    if encoder.mixture is None:
        return torch.cat(layers, -1)
    w = encoder.mixture.exp() / encoder.mixture.exp().sum()
    return sum(w[i] * h for i, h in enumerate(layers))


def naive_writes(decoder, x, pass_):
    see, memory = plain.see_of(pass_), encoded().x
    x = x + plain.waves(x, pass_.pos)
    for j, block in enumerate(decoder.stack.blocks):
        e = decoder.mixture[j].exp()
        z = sum(e[i] / e.sum() * memory[..., i * D : (i + 1) * D] for i in range(L))
        x = plain.written(block, x, see, z)
    return plain.ended(decoder.stack, x)


def last_alone(mixture):
    mixture.data.zero_()
    mixture.data[..., -1] = 1e4


def limit_an_encoder_with_all_weight_on_the_last_layer_is_plain():
    for block in (plain.BLOCK, POST):
        ours = shaken(Config(layers=3, block=block).encoder(D))
        other = shaken(Plain(layers=3, block=block).encoder(D))
        other.stack.load_state_dict(ours.stack.state_dict())
        last_alone(ours.mixture)
        x = drawn(B, T, D)
        same(ours(x, trip(None, False)).x, other(x, trip(None, False)).x)


def limit_a_decoder_with_all_weight_on_the_last_layer_is_plain():
    ours = shaken(Config(layers=3, block=plain.BLOCK).decoder(D, L * D))
    other = shaken(Plain(layers=3, block=plain.BLOCK).decoder(D, D))
    other.stack.load_state_dict(ours.stack.state_dict())
    last_alone(ours.mixture)
    x, e, answers = drawn(B, T, D), encoded(), []
    for decoder, memory in ((ours, e), (other, Encoded(e.x[..., -D:], None, e.pos))):
        pass_ = trip(None, True)
        layers, pass_.memory = decoder.start(memory, B, None, x)
        answers.append(decoder(x, pass_, layers)[0])
    same(*answers)
