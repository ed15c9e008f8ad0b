"""CA-MTL's attention: the matrix of the task, entry by entry."""

import pytest
import torch
from proving import B, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen

from regard.attention.camtl import Config
from regard.recipe import UserError

CONFIGS = [
    Config(heads=H, tasks=("classify", "translate"), length=T, block=5, vector=3),
    Config(heads=H, tasks=("translate",), length=2 * T, block=T + 4, vector=3),
]


def prepare(pass_):
    pass_.task = "translate"


def naive(core, q, k, v, scope):
    known = [None, *core.names]
    z = core.tasks.weight[known.index(scope.trip.task)]
    C = core.block
    both = (core.film.weight @ z + core.film.bias).view(2, C, C)
    matrix = torch.zeros(T, T)
    for i in range(T):
        for j in range(T):
            if i // C == j // C:
                entry = core.blocks[i // C, i % C, j % C] * (1 + both[0, i % C, j % C])
                matrix[i, j] = entry + both[1, i % C, j % C]
    rows = [matrix[scope.q_pos[b]][:, scope.k_pos[b]] for b in range(B)]
    scores = q @ k.transpose(-1, -2) / q.size(-1) ** 0.5
    return plain_softmax(scores + torch.stack(rows)[:, None], seen(scope)) @ v


def limit_a_model_that_knows_no_task_yet_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = CONFIGS[0].core(K).double()
    for task in (None, *core.names):
        scope, pass_ = own_scope(None, True)
        pass_.task = task
        same(core.attend(q, k, v, scope), dense(q, k, v, scope))


def limit_a_task_is_one_of_those_named_and_a_row_ends_with_the_matrix():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    for config, task, said in (
        (CONFIGS[0], "summarise", "no task called 'summarise'"),
        (Config(heads=H, length=T - 1), None, "CAMTL end at 11"),
    ):
        scope, pass_ = own_scope(None, False)
        pass_.task = task
        with pytest.raises(UserError, match=said):
            config.core(K).double().attend(q, k, v, scope)
