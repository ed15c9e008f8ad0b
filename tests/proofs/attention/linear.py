"""Linear attention as the whole matrix it never makes."""

import torch
from proving import B, H, K, T, drawn, own_scope, same, seen, trip

from regard.attention.linear import Config
from regard.attention.scope import scope_of

CONFIGS = [Config(heads=H, chunk=chunk) for chunk in (1, 5, 64)]


def phi(x):
    return torch.where(x > 0, x + 1, x.clamp_max(0).exp())


def naive(core, q, k, v, scope):
    similar = (phi(q) @ phi(k).transpose(-1, -2)) * seen(scope)
    total = similar.sum(-1, keepdim=True)
    return similar @ v / torch.where(total > 0, total, 1.0)


def limit_token_by_token_is_all_at_once():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, _pass = own_scope(None, True)
    whole = naive(None, q, k, v, scope)
    s, z, out = torch.zeros(B, H, K, K), torch.zeros(B, H, K), []
    for t in range(T):  # equations 18 to 20
        s = s + phi(k[:, :, t])[..., None] * v[:, :, t][..., None, :]
        z = z + phi(k[:, :, t])
        asked = phi(q[:, :, t])
        out.append((asked[..., None, :] @ s)[..., 0, :] / (asked * z).sum(-1, keepdim=True))
    recurrent = torch.stack(out, 2)
    for chunk in (1, 4, 13):
        core = Config(heads=H, chunk=chunk).core(K)
        same(core(q, k, v, scope, None)[0], recurrent)
        state, steps = core.start(k[:, :, :0], v[:, :, :0], None), []
        for t in range(T):
            pass_ = trip(None, True, B, 1)
            now = [x[:, :, t : t + 1] for x in (q, k, v)]
            y, state = core(*now, scope_of(pass_), state)
            steps.append(y)
        same(torch.cat(steps, 2), recurrent)
    same(whole, recurrent)
