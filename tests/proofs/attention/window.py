"""Window attention, pair by pair."""

from proving import B, H, K, T, drawn, own_scope, plain_softmax, same, seen

from regard.attention.softmax import Config as Softmax
from regard.attention.window import Config

CONFIGS = [Config(heads=H, reach=reach) for reach in (1, 3, 6)]


def naive(core, q, k, v, scope):
    far = (scope.q_pos[:, :, None] - scope.k_pos[:, None, :]).abs()
    see = seen(scope) & (far < core.rule.width)[:, None]
    return plain_softmax(q @ k.transpose(-1, -2) / q.size(-1) ** 0.5, see) @ v


def limit_a_reach_of_the_whole_row_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    for causal in (False, True):
        scope, _pass = own_scope(None, causal)
        got = Config(heads=H, reach=T).core(K).attend(q, k, v, scope)
        same(got, Softmax(heads=H).core(K).attend(q, k, v, scope))
