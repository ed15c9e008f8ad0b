"""TUPE's scores, with the first symbol's set pair by pair."""

import torch
from proving import B, D, H, K, T, drawn, own_scope, plain_softmax, proof, same, seen

from regard.attention.softmax import Config as Softmax
from regard.position.t5 import Config as T5
from regard.position.tupe import Config

CONFIGS = [
    Config(length=T, relative=relative, untied=untied, buckets=4, far=11)
    for relative, untied in ((False, False), (False, True), (True, False), (True, True))
]


def naive(position, q, k, v, scope):
    p, (i, j) = position.place.table.weight, (scope.q_pos, scope.k_pos)
    asks, answers = ((p @ x.weight.T).view(-1, H, K) for x in (position.q, position.k))
    places = torch.einsum("bthk,bshk->bhts", asks[i], answers[j]) / (2 * K) ** 0.5
    if position.distance is not None:
        far, t5 = i[:, :, None] - j[:, None, :], position.distance
        bucket = proof("position", "t5").bucket
        index = far.clone().apply_(lambda d: bucket(d, t5.buckets, t5.far))
        places = places + t5.table.weight[index].permute(0, 3, 1, 2)
    if position.first is not None:
        rows = []
        for b, t, s in torch.cartesian_prod(*map(torch.arange, (B, T, T))).tolist():
            from_first, to_first = i[b, t] == 0, j[b, s] == 0
            one = position.first[0, :, 0, 0] if from_first else position.first[1, :, 0, 0]
            rows.append(one if from_first or to_first else places[b, :, t, s])
        places = torch.stack(rows).view(B, T, T, H).permute(0, 3, 1, 2)
    scores = q @ k.transpose(-1, -2) / (2 * K) ** 0.5 + places
    return plain_softmax(scores, seen(scope)) @ v


def limit_with_vectors_of_zeros_it_is_softmax_scaled():
    position = Config(length=T).build(D, H)
    position.place.table.weight.data.zero_()
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, pass_ = own_scope(None, causal=True)
    turned = [position.turn(x, pass_.pos) for x in (q, k)]
    got = Softmax(heads=H).core(K).attend(*turned, v, scope.at(position))
    scores = q @ k.transpose(-1, -2) / (2 * K) ** 0.5
    same(got, plain_softmax(scores, seen(scope)) @ v)


def limit_without_vectors_the_relative_form_adds_what_t5_adds():
    tupe = Config(length=T, relative=True, untied=False).build(D, H)
    t5 = T5().build(D, H)
    tupe.place.table.weight.data.zero_()
    tupe.distance.load_state_dict(t5.state_dict())
    q, k = drawn(B, H, T, K), drawn(B, H, T, K, seed=1)
    pos = torch.arange(T).expand(B, T)
    same(tupe.bias(q, k, pos, pos), t5.bias(q, k, pos, pos))
