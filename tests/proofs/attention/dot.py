"""Dot attention, pair by pair."""

from proving import B, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen

from regard.attention.dot import Config

CONFIGS = [Config(), Config(heads=H)]


def naive(core, q, k, v, scope):
    scores = (q[:, :, :, None] * k[:, :, None]).sum(-1)
    return plain_softmax(scores, seen(scope)) @ v


def limit_smaller_queries_make_it_scaled():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, _pass = own_scope(None, True)
    got = Config(heads=H).core(K).attend(q / K**0.5, k, v, scope)
    same(got, dense(q, k, v, scope))
