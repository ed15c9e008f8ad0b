"""The fast core equals the formal algorithms, weight for weight."""

import numpy as np
import pytest
import torch
from torch import nn

from regard import formal
from regard.attention.base import Attention
from regard.block.standard import Standard
from regard.models import lm, seq2seq

D, H, V, L, WIDTH = 12, 3, 9, 10, 20


def array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().numpy()


def attention(a: Attention) -> formal.Params:
    """Heads lie side by side in our maps; the oracle keeps one map a head."""
    heads = []
    for h in range(H):
        rows = slice(h * D // H, (h + 1) * D // H)
        heads.append({
            name: array(value[rows])
            for name, value in (
                ("Wq", a.q.weight), ("bq", a.q.bias), ("Wk", a.k.weight), ("bk", a.k.bias),
                ("Wv", a.v.weight), ("bv", a.v.bias),
            )
        })  # fmt: skip
    return {"heads": heads, "Wo": array(a.out.weight), "bo": array(a.out.bias)}


def layer(block: Standard, attentions: dict[str, Attention], norms: tuple, mlps: tuple) -> dict:
    """One layer under the oracle's names and numbers."""
    theta = {name: attention(a) for name, a in attentions.items()}
    for i, residual in zip(norms, block.residuals, strict=True):
        theta |= {f"gamma{i}": array(residual.norm.gain), f"beta{i}": array(residual.norm.bias)}
    for i, linear in zip(mlps, (block.ff.up, block.ff.down), strict=True):
        theta |= {f"Wmlp{i}": array(linear.weight), f"bmlp{i}": array(linear.bias)}
    return theta


def waves() -> np.ndarray:
    """The sinusoidal positions as the oracle wants them: a column each, written out once more."""
    t, i = np.arange(L)[None], np.arange(D // 2)[:, None]
    angle = t / 10000 ** (2 * i / D)
    return np.concatenate([np.sin(angle), np.cos(angle)])


def in_use(model: nn.Module, seed: int) -> nn.Module:
    """In float64, nothing at a special value."""
    draw = torch.Generator().manual_seed(seed)
    model.double().eval()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(0.4 * torch.randn(p.shape, generator=draw, dtype=p.dtype))
        if hasattr(model, "bias"):
            model.bias.zero_()  # the oracle's output layer has none
    return model


def stack(place: str, ff: str) -> dict:
    block = {
        "mixer": {"kind": "softmax", "heads": H}, "cross": {"kind": "softmax", "heads": H},
        "ff": {"kind": ff, "width": WIDTH}, "place": place,
    }  # fmt: skip
    return {"kind": "plain", "layers": 2, "position": "sinusoidal", "block": block}


PLAIN = {"kind": "table", "scale": False}


@pytest.mark.parametrize("tie", ["none", "all", "target"])
def test_a_post_norm_seq2seq_is_the_ed_transformer(tie):
    post = stack("post", "relu")
    config = seq2seq.Config(dim=D, embed=PLAIN, encoder=post, decoder=post, tie=tie)
    model = in_use(config.build(V, V), 1)
    if tie != "all":  # the oracle has one embedding
        model.embed.weight.data.copy_(model.writer.embed.weight)
    theta = {
        "We": array(model.embed.weight.T), "Wp": waves(), "Wu": array(model.head[0]),
        "enc": [layer(b, {"Wenc": b.mixer}, (1, 2), (1, 2)) for b in model.encoder.stack.blocks],
        "dec": [layer(b, {"Wdec": b.mixer, "Wed": b.cross}, (3, 4, 5), (3, 4))
                for b in model.writer.decoder.stack.blocks],
    }  # fmt: skip
    for source, target in (([3, 4, 5, 6, 7], [1, 8, 3]), ([2], [1, 4, 5, 6, 7, 8, 3])):
        want = formal.EDTransformer(source, target, theta)
        with torch.no_grad():
            padded = torch.tensor([source + [0, 0]])
            ok = torch.arange(padded.size(1))[None] < len(source)
            state = model.start(model.encode(padded, ok), capacity=2)
            for t in target:  # one token at a time, over a padded source: still the same
                logprobs, state = model.step(torch.tensor([[t]]), state)
            hidden = model.teach(torch.tensor([source]), None, torch.tensor([target]))
            got = model.logits(hidden)[0].softmax(-1)
        np.testing.assert_allclose(array(got).T, want, atol=1e-10)
        np.testing.assert_allclose(array(logprobs[0].exp()), want[:, -1], atol=1e-5)


def test_a_pre_norm_lm_is_the_d_transformer():
    model = in_use(lm.Config(dim=D, embed=PLAIN, decoder=stack("pre", "gelu")).build(V), 2)
    inner = model.writer.decoder.stack
    theta = {
        "We": array(model.writer.embed.weight.T), "Wp": waves(), "Wu": array(model.head[0]),
        "layers": [layer(b, {"W": b.mixer}, (1, 2), (1, 2)) for b in inner.blocks],
        "gamma": array(inner.norm.gain), "beta": array(inner.norm.bias),
    }  # fmt: skip
    tokens = [1, 5, 3, 8, 2, 2, 7]
    want = formal.DTransformer(tokens, theta)
    with torch.no_grad():
        hidden, _ = model(torch.tensor([tokens]), model.start(1))
        got = model.logits(hidden)[0].softmax(-1)
    np.testing.assert_allclose(array(got).T, want, atol=1e-10)


def test_a_long_answer_of_the_oracle_is_our_greedy_one():
    model = in_use(lm.Config(dim=D, embed=PLAIN, decoder=stack("pre", "gelu")).build(V), 3)
    inner = model.writer.decoder.stack
    theta = {
        "We": array(model.writer.embed.weight.T), "Wp": waves(), "Wu": array(model.head[0]),
        "layers": [layer(b, {"W": b.mixer}, (1, 2), (1, 2)) for b in inner.blocks],
        "gamma": array(inner.norm.gain), "beta": array(inner.norm.bias),
    }  # fmt: skip
    want = formal.DInference([1, 4], theta, 6, 0.0, np.random.default_rng(0))
    said, tokens, state = [], torch.tensor([[1, 4]]), model.start(1, capacity=4)
    with torch.no_grad():
        for _ in range(6):
            logprobs, state = model.step(tokens, state)
            tokens = logprobs.argmax(-1, keepdim=True)
            said.append(int(tokens))
    assert said == want
