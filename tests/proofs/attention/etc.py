"""Global-local attention, pair by pair."""

from proving import B, H, K, T, drawn, own_scope, plain_softmax, same, seen

from regard.attention.etc import Config
from regard.attention.softmax import Config as Softmax

CONFIGS = [Config(heads=H, reach=r, leading=n) for r in (1, 2, 3, 6) for n in (0, 1, 3)]


def naive(core, q, k, v, scope):
    i, j = scope.q_pos[:, None, :, None], scope.k_pos[:, None, None, :]
    pattern = ((i - j).abs() < core.reach) | (i < core.leading) | (j < core.leading)
    return plain_softmax(q @ k.transpose(-1, -2) / q.size(-1) ** 0.5, seen(scope) & pattern) @ v


def limit_everything_near_or_leading_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    for causal in (False, True):
        scope, _pass = own_scope(None, causal)
        want = Softmax(heads=H).core(K).attend(q, k, v, scope)
        for config in (Config(reach=T, leading=0), Config(reach=1, leading=T)):
            core = config.core(K)
            for core.least in (0, T):  # by blocks, by the mask
                same(core.attend(q, k, v, scope), want)
