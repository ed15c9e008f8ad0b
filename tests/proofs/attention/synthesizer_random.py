"""Random Synthesizer, score by score."""

import pytest
import torch
from proving import B, H, K, T, drawn, own_scope, plain_softmax, same, seen

from regard.attention.synthesizer_random import Config
from regard.recipe import UserError

CONFIGS = [Config(heads=H, length=T), Config(heads=H, length=3 * T)]


def naive(core, q, k, v, scope):
    scores = torch.zeros(B, H, q.size(2), k.size(2))
    for b in range(B):
        for i, at in enumerate(scope.q_pos[b].tolist()):
            for j, place in enumerate(scope.k_pos[b].tolist()):
                scores[b, :, i, j] = core.map[:, at, place]
    return plain_softmax(scores, seen(scope)) @ v + 0 * q


def limit_a_map_of_nothing_is_the_mean():
    core, (q, k, v) = CONFIGS[1].core(K).double(), (drawn(B, H, T, K, seed=i) for i in range(3))
    torch.nn.init.zeros_(core.map)
    scope, _pass = own_scope(None, False)
    same(core.attend(q, k, v, scope), v.mean(2, keepdim=True).expand_as(v))


def limit_rows_end_where_the_map_does():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, _pass = own_scope(None, False)
    with pytest.raises(UserError, match="SynthesizerRandom end at 11"):
        Config(heads=H, length=T - 1).core(K).double().attend(q, k, v, scope)
