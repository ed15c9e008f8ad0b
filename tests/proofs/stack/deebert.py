"""DeeBERT, row by row."""

import torch
from proving import B, D, T, drawn, proof, same, shaken, trip

from regard.stack.deebert import Config
from regard.stack.plain import Config as Plain

plain = proof("stack", "plain")
POST = plain.BLOCK.model_copy(update={"place": "post", "dropout": 0.0})
PRE = plain.BLOCK.model_copy(update={"dropout": 0.0})
CONFIGS = [
    Config(layers=4, classes=3, block=block, threshold=threshold, pool=pool)
    for block, pool in ((PRE, "first"), (POST, "mean"))
    for threshold in (0.0, 0.7, 0.9, 9.0)
]


def naive(encoder, x, pass_):
    return alone(encoder, x, pass_, sure)[0]


def sure(encoder, said):
    p = said[-1].detach().exp() / said[-1].detach().exp().sum()
    return float(-(p * p.log()).sum()) < encoder.threshold


def alone(encoder, x, pass_, sure):
    """Each row by itself, without its padding: outputs, last logits, how many layers it took."""
    rows, logits, depths = [], [], []
    for b in range(B):
        at = torch.arange(T) if pass_.ok is None else pass_.ok[b].nonzero()[:, 0]
        see = torch.ones(1, 1, len(at), len(at), dtype=torch.bool)
        h, said = (x + plain.waves(x, pass_.pos))[b : b + 1, at], []
        for block, ramp in zip(encoder.stack.blocks, encoder.ramps, strict=True):
            h = plain.written(block, h, see)
            out = plain.ended(encoder.stack, h)[0]
            read = out[0] if encoder.pool == "first" else out.mean(0)
            said.append(ramp.weight @ read + ramp.bias)
            if sure(encoder, said):
                break
        rows.append(torch.zeros(T, D).index_copy(0, at, out))
        logits.append(said[-1])
        depths.append(len(said))
    return torch.stack(rows), torch.stack(logits), depths


def limit_a_threshold_of_nothing_is_plain():
    check_plain(Config(layers=3, block=PRE, threshold=0.0))


def check_plain(config):
    """At use no row leaves; in training none ever does, and every layer's logits are handed on."""
    ours, x = shaken(config.encoder(D)), drawn(B, T, D)
    other = shaken(Plain(layers=config.layers, block=config.block).encoder(D))
    other.stack.load_state_dict(ours.stack.state_dict())
    want, used, trained = other(x, trip(None, False)).x, trip(None, False), trip(None, False)
    same(ours(x, used).x, want)
    same(ours.train()(x, trained).x, want)
    assert len(used.ramps) == 1 and len(trained.ramps) == config.layers
    same(used.ramps[-1], trained.ramps[-1])


def limit_every_row_takes_what_it_wants():
    """The answers and depths are those of rows alone, and rows of a batch part ways."""
    check_alone(CONFIGS, sure)


def check_alone(configs, sure):
    met = set()
    for config in configs:
        for ok in (None, torch.arange(T) < torch.tensor([13, 9, 1])[:, None]):
            encoder, x, pass_, seen = shaken(config.encoder(D)), drawn(B, T, D), trip(ok, False), []
            for block in encoder.stack.blocks:
                block.register_forward_hook(
                    lambda b, given, y, seen=seen: seen.append(len(given[0]))
                )
            encoder(x, pass_)
            _, logits, depths = alone(encoder, x, trip(ok, False), sure)
            same(pass_.ramps[-1], logits)
            assert seen == [sum(d > i for d in depths) for i in range(max(depths))]
            met.add(len(set(depths)))
    assert max(met) > 1, "rows never part ways"
