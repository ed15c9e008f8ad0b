"""Switch, token by token."""

import pytest
import torch
from proving import OK, B, D, T, drawn, same, shaken, trip

from regard.ff.relu import Config as ReLU
from regard.ff.switch import Config

CONFIGS = [Config(), Config(experts=2, width=5), Config(experts=7)]


def expert(bank, i, x):
    """What one expert says."""
    hidden = (bank.up[i] @ x + bank.up_bias[i]).clamp_min(0)
    return bank.down[i] @ hidden + bank.down_bias[i]


def odds(logits):
    """Softmax, written out."""
    e = (logits - logits.max()).exp()
    return e / e.sum()


def naive(ff, x, pass_):
    out = []
    for token in x.flatten(0, 1):
        p = odds(ff.router.weight @ token)
        i = int(p.argmax())
        out.append(p[i] * expert(ff.experts, i, token))
    return torch.stack(out).view(x.shape)


def plain(bank, i):
    """An expert as a feed-forward of its own."""
    relu = ReLU(width=bank.up.size(1)).build(bank.up.size(2))
    with torch.no_grad():
        for linear, name in ((relu.up, "up"), (relu.down, "down")):
            linear.weight.copy_(getattr(bank, name)[i])
            linear.bias.copy_(getattr(bank, f"{name}_bias")[i])
    return relu


def extra(ff, x, ok):
    """The extra loss of a trip in training."""
    pass_ = trip(ok, False)
    ff.train()(x, pass_)
    (found,) = pass_.aux
    return found


def limit_with_one_expert_it_is_a_plain_feed_forward():
    ff, x = shaken(Config(experts=1).build(D)), drawn(B, T, D)
    same(ff(x, trip(None, False)), plain(ff.experts, 0)(x, trip(None, False)))


def limit_the_extra_loss_counts_real_tokens_one_by_one():
    ff, x = shaken(Config(balance=0.5).build(D)), drawn(B, T, D)
    for ok in OK.values():
        real = x[ok] if ok is not None else x.flatten(0, 1)
        p = torch.stack([odds(ff.router.weight @ token) for token in real])
        sent = [float((p.argmax(-1) == i).sum()) / len(p) for i in range(4)]
        want = 0.5 * 4 * sum(f * p[:, i].mean() for i, f in enumerate(sent))
        same(extra(ff, x, ok), want)
        if ok is not None:  # whatever stands in the padding
            same(extra(ff, torch.where(ok[..., None], x, 50 * x.cos()), ok), want)
    pass_ = trip(None, False)
    ff.eval()(x, pass_)
    assert not pass_.aux, "an extra loss at use"


def limit_the_extra_loss_is_1_for_an_even_load_and_e_for_one_expert():
    ff = shaken(Config(experts=D, balance=1.0).build(D))
    with torch.no_grad():
        ff.router.weight.copy_(1000 * torch.eye(D))
    each = torch.eye(D)[None]  # a token for each expert
    same(extra(ff, each, None), torch.tensor(1.0))
    same(extra(ff, each[:, :1].expand(1, 5, D), None), torch.tensor(float(D)))
    same(extra(ff, each, torch.zeros(1, D, dtype=torch.bool)), torch.tensor(0.0))


def outside_transformers():
    pytest.importorskip("transformers")
    from transformers import SwitchTransformersConfig
    from transformers.models.switch_transformers import modeling_switch_transformers as model

    config = SwitchTransformersConfig(
        d_model=D, d_ff=4 * D, num_experts=4, expert_capacity=T, dropout_rate=0.0
    )
    ff, theirs = (
        shaken(Config(balance=1.0).build(D)),
        model.SwitchTransformersSparseMLP(config).eval(),
    )
    with torch.no_grad():
        theirs.router.dtype = torch.float64
        theirs.router.classifier.weight.copy_(ff.router.weight)
        for i in range(4):
            ff.experts.up_bias[i], ff.experts.down_bias[i] = 0.0, 0.0
            theirs.experts[f"expert_{i}"].wi.weight.copy_(ff.experts.up[i])
            theirs.experts[f"expert_{i}"].wo.weight.copy_(ff.experts.down[i])
    x, one = drawn(B, T, D), trip(None, False, rows=1)
    same(ff(x, trip(None, False)), theirs(x))
    p = theirs.router(x[:1])[2].softmax(-1)
    ff.train()(x[:1], one)
    want = model.load_balancing_loss_func(p, p.argmax(-1))  # in 32 bits
    same(one.aux[0], want.double(), atol=1e-6)
