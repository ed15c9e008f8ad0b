"""Dynamic convolution, token by token: weights that each token makes for itself."""

import torch
from proving import B, D, H, T, drawn, proof, same, shaken, trip

from regard.mixer.dynamic import Config

CONFIGS = [Config(heads=H, kernel=kernel) for kernel in (1, 2, 3, 5)] + [Config(heads=D)]
fixed = proof("mixer", "lightweight")  # the same but for the weights


def naive(mixer, x, pass_):
    def taps(mixer, row):
        return [(mixer.query.weight @ g).view(mixer.heads, mixer.kernel) for g in row]

    return fixed.naive(mixer, x, pass_, taps)


def limit_no_projection_is_uniform_weights():
    mixer, x, kernel = shaken(Config(heads=H, kernel=3).build(D)), drawn(B, T, D), 3
    with torch.no_grad():
        mixer.query.weight.zero_()
    g = torch.cat([torch.zeros(B, 2, D), fixed.gated(mixer, x)], 1)
    mean = torch.stack([g[:, t : t + kernel].sum(1) / kernel for t in range(T)], 1)
    same(mixer(x, trip(None, True))[0], mean @ mixer.down.weight.T + mixer.down.bias)


def limit_a_kernel_of_one_is_a_layer_by_position():
    mixer, x = shaken(Config(heads=H, kernel=1).build(D)), drawn(B, T, D)
    want = fixed.gated(mixer, x) @ mixer.down.weight.T + mixer.down.bias
    same(mixer(x, trip(None, False))[0], want)
