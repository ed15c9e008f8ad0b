"""The Universal Transformer, position by position."""

import torch
from proving import B, D, T, drawn, proof, same, shaken, trip

from regard.position.none import Config as NoPosition
from regard.stack.plain import Config as Plain
from regard.stack.universal import Config

plain = proof("stack", "plain")
POST = plain.BLOCK.model_copy(update={"place": "post", "dropout": 0.0})
PRE = plain.BLOCK.model_copy(update={"dropout": 0.0})
CONFIGS = [
    Config(layers=layers, block=block, threshold=threshold)
    for block, layers, threshold in ((PRE, 4, 0.9), (POST, 3, 0.6), (PRE, 6, 0.99))
]


def naive(encoder, x, pass_):
    return pondered(encoder.stack, x, pass_)[0]


naive_writes = naive


def pondered(stack, x, pass_):
    """What comes out, and what each position (B T) has cost."""
    see, (block,) = plain.see_of(pass_), stack.blocks
    ps, states = [[[] for _ in range(T)] for _ in range(B)], [[[] for _ in range(T)] for _ in x]
    halted = torch.zeros(B, T, dtype=torch.bool)
    for n in range(1, stack.steps + 1):
        time = plain.waves(x, torch.full((B, T), n))
        y = plain.written(block, x + plain.waves(x, pass_.pos) + time, see)
        x, halted = torch.where(halted[..., None], x, y), halted.clone()
        for b in range(B):
            for t in range(T):
                if halted[b, t]:
                    continue
                states[b][t].append(x[b, t])
                logit = x[b, t] @ stack.halt.weight[0] + stack.halt.bias[0]
                ps[b][t].append(1 / (1 + torch.exp(-logit)))
                halted[b, t] = sum(float(p.detach()) for p in ps[b][t]) > stack.threshold
    rows, cost = [], []
    for b in range(B):
        for t in range(T):
            *before, _ = ps[b][t]
            rest = 1 - sum(before)
            weights = [*before, rest]
            rows.append(sum(w * s for w, s in zip(weights, states[b][t], strict=True)))
            cost.append(len(weights) + rest)
    out = torch.stack(rows).view(B, T, D)
    return plain.ended(stack, out), torch.stack([torch.as_tensor(c) for c in cost]).view(B, T)


def repeated(steps):
    """A plain stack, every layer the same, and a universal one of that block without times."""
    settings = {"layers": steps, "block": PRE, "position": NoPosition()}
    ours, other = shaken(Config(**settings).encoder(D)), shaken(Plain(**settings).encoder(D))
    ours.stack.time.zero_()
    other.stack.norm.load_state_dict(ours.stack.norm.state_dict())
    for block in other.stack.blocks:
        block.load_state_dict(ours.stack.blocks[0].state_dict())
    return ours, other


def limit_one_step_is_one_layer():
    ours, other = repeated(1)
    x = drawn(B, T, D)
    same(ours(x, trip(None, False)).x, other(x, trip(None, False)).x)


def limit_halting_at_once_is_one_layer():
    ours, other = repeated(5)
    ours.stack.halt.bias.data.fill_(1e3)
    del other.stack.blocks[1:]
    x = drawn(B, T, D)
    same(ours(x, trip(None, False)).x, other(x, trip(None, False)).x)


def limit_never_halting_is_the_same_layer_many_times():
    ours, other = repeated(5)
    ours.stack.halt.bias.data.fill_(-1e3)
    x = drawn(B, T, D)
    same(ours(x, trip(None, False)).x, other(x, trip(None, False)).x)


def limit_the_price_is_steps_and_remainder():
    """Of real positions alone, in training alone."""
    ok, taken = torch.arange(T) < torch.tensor([13, 9, 1])[:, None], set()
    for config in CONFIGS:
        encoder, pass_ = shaken(config.encoder(D), seed=12), trip(ok, False)
        x = drawn(B, T, D)
        encoder(x, pass_)
        assert not pass_.aux
        encoder.train()(x, pass_)
        (got,) = pass_.aux
        cost = pondered(encoder.stack, x, trip(ok, False))[1]
        same(got, config.ponder * (cost * ok).sum() / ok.sum())
        taken |= set(cost.detach().floor().flatten().tolist())
    assert len(taken) > 2, "all take as long"
