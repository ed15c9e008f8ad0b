"""Macaron: a half, the middle, a half."""

import torch
from proving import B, D, H, T, drawn, proof, same, shaken, trip

from regard.attention.softmax import Config as Softmax
from regard.block.base import Layer
from regard.block.macaron import Config
from regard.block.standard import Config as Plain

CONFIGS = [Config(mixer=Softmax(heads=H), place=place) for place in ("pre", "post")]
plain = proof("block", "standard")


def naive(block, x, pass_):
    rest = block.rest
    x = plain.added(block.residual, x, lambda x: plain.fed(block.first.ff, x) / 2)
    x = plain.added(rest.residuals[0], x, lambda x: rest.mixer(x, pass_)[0])
    return plain.added(rest.residuals[1], x, lambda x: plain.fed(rest.ff.ff, x) / 2)


def limit_without_its_first_half_it_is_the_standard_block():
    macaron, x = shaken(CONFIGS[0].build(D, None, False, 2)), drawn(B, T, D)
    standard = Plain(mixer=Softmax(heads=H)).build(D, None, False, 2).double().eval()
    state = {name.replace("ff.ff.", "ff."): p for name, p in macaron.rest.state_dict().items()}
    standard.load_state_dict(state)
    with torch.no_grad():
        for p in macaron.first.parameters():
            p.zero_()
        for p in standard.ff.down.parameters():
            p.div_(2)
    for causal in (False, True):
        got, want = (b(x, trip(None, causal), Layer())[0] for b in (macaron, standard))
        same(got, want)
