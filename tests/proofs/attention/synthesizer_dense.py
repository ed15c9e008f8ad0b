"""Dense Synthesizer, score by score."""

import pytest
import torch
from proving import B, H, K, T, drawn, own_scope, plain_softmax, same, seen

from regard.attention.synthesizer_dense import Config
from regard.recipe import UserError

CONFIGS = [Config(heads=H, length=T), Config(heads=H, length=3 * T)]


def naive(core, q, k, v, scope):
    scores = torch.zeros(B, H, q.size(2), k.size(2))
    for b in range(B):
        for h in range(H):
            for j, place in enumerate(scope.k_pos[b].tolist()):
                column = core.second[h, :, place]
                scores[b, h, :, j] = q[b, h].clamp_min(0) @ column + core.shift[h, 0, place]
    return plain_softmax(scores, seen(scope)) @ v


def limit_a_network_of_nothing_looks_at_the_same_places():
    core, (q, k, v) = CONFIGS[0].core(K).double(), (drawn(B, H, T, K, seed=i) for i in range(3))
    torch.nn.init.zeros_(core.second)
    torch.nn.init.normal_(core.shift)
    scope, _pass = own_scope(None, False)
    same(core.attend(q, k, v, scope), (core.shift.softmax(-1) @ v).expand_as(v))


def limit_rows_end_where_the_places_do():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, _pass = own_scope(None, False)
    with pytest.raises(UserError, match="SynthesizerDense end at 11"):
        Config(heads=H, length=T - 1).core(K).double().attend(q, k, v, scope)
