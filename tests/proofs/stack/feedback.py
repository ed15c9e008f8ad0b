"""The Feedback Transformer, token by token and layer by layer."""

import torch
from proving import B, D, S, T, drawn, proof, same, shaken, trip

from regard.stack.feedback import Config
from regard.stack.plain import Config as Plain
from regard.state import Encoded

plain = proof("stack", "plain")
CONFIGS = [
    Config(layers=2, block=plain.BLOCK),
    Config(layers=2, block=plain.BLOCK.model_copy(update={"place": "post"})),
]


def encoded():
    """A memory."""
    return Encoded(drawn(B, S, D, seed=21), None, torch.arange(S).expand(B, S))


def naive_writes(decoder, x, pass_):
    stack, past, out = decoder.stack, [], []
    w = stack.mixture.exp() / stack.mixture.exp().sum()
    x = x + plain.waves(x, pass_.pos)
    for t in range(T):
        layers = [x[:, t : t + 1]]
        for block in stack.blocks:
            layers.append(one(block, layers[-1], past, encoded().x))
        past.append(sum(w[i] * h for i, h in enumerate(layers)))
        out.append(layers[-1])
    return plain.ended(stack, torch.cat(out, 1))


def one(block, x, past, memory):
    """A block over one token (B 1 D) that sees the mixtures of the past, and itself."""
    everything = torch.ones(1, 1, 1, 1, dtype=torch.bool)
    first, second, last = block.residuals
    normed = (lambda z: plain.normed(first.norm, z)) if first.place == "pre" else lambda z: z
    keys = torch.cat([normed(h) for h in [*past, x]], 1)
    see = everything.expand(1, 1, 1, keys.size(1))
    x = plain.around(first, x, lambda z: plain.attend(block.mixer, z, keys, see))
    see = everything.expand(1, 1, 1, S)
    x = plain.around(second, x, lambda z: plain.attend(block.cross, z, memory, see))
    return plain.fed(block.ff, last, x)


def bottom_alone(stack):
    stack.mixture.data.fill_(-1e4)
    stack.mixture.data[0] = 0


def answer(decoder, x):
    layers, _ = decoder.start(None, B, None, x[:, :0])
    return decoder(x, trip(None, True), layers)[0]


def limit_one_layer_with_all_weight_on_the_bottom_is_plain():
    ours = shaken(Config(layers=1, block=plain.BLOCK).decoder(D, None))
    other = shaken(Plain(layers=1, block=plain.BLOCK).decoder(D, None))
    other.load_state_dict(ours.state_dict(), strict=False)
    bottom_alone(ours.stack)
    x = drawn(B, T, D)
    same(answer(ours, x), answer(other, x))


def limit_all_weight_on_the_bottom_needs_no_recurrence():
    """All tokens at once: a layer's queries see the embeddings before them, and themselves."""
    ours = shaken(Config(layers=3, block=plain.BLOCK).decoder(D, None))
    bottom_alone(ours.stack)
    x = drawn(B, T, D)
    y = bottom = x + plain.waves(x, torch.arange(T).expand(B, T))
    see = torch.cat([torch.ones(T, T).tril(-1), torch.eye(T)], 1).bool()[None, None]
    for block in ours.stack.blocks:
        first, last = block.residuals
        keys = torch.cat([plain.normed(first.norm, h) for h in (bottom, y)], 1)
        mix = lambda z, block=block, keys=keys: plain.attend(block.mixer, z, keys, see)  # noqa: E731
        y = plain.fed(block.ff, last, plain.around(first, y, mix))
    same(answer(ours, x), plain.ended(ours.stack, y))
