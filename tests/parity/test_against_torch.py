"""Our cells, blocks and stacks equal PyTorch's own, weight for weight, padding included."""

import pytest
import torch
from torch import Tensor, nn

from regard.attention.base import Attention
from regard.attention.scope import Scope
from regard.attention.softmax import Softmax
from regard.block.standard import Standard
from regard.mixer.base import Cell
from regard.models import seq2seq
from regard.pass_ import Keys, encoding
from regard.stack.plain import Config as Plain
from regard.stack.recurrent import Config as Recurrent
from regard.state import Encoded

B, S, T, D, H, V = 3, 6, 5, 12, 3, 9
LENGTHS = torch.tensor([6, 2, 4])
OK = torch.arange(S) < LENGTHS[:, None]


@pytest.fixture(autouse=True)
def exact():
    """Everything in float64, drawn from one seed."""
    old = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(5)
    yield
    torch.set_default_dtype(old)


def assert_same(got: Tensor, want: Tensor) -> None:
    torch.testing.assert_close(got, want, rtol=0.0, atol=1e-10)


def copy(target: nn.Parameter, value: Tensor) -> None:
    with torch.no_grad():
        target.copy_(value)


# --- cells ----------------------------------------------------------------------------------------


def copy_cell(cell: Cell, theirs: nn.RNNBase, suffix: str) -> None:
    """Gates come in the same order; where we keep one bias, it is the sum of their two."""
    copy(cell.input.weight, getattr(theirs, f"weight_ih_{suffix}"))
    copy(cell.recur.weight, getattr(theirs, f"weight_hh_{suffix}"))
    first, second = (getattr(theirs, f"bias_{part}_{suffix}") for part in ("ih", "hh"))
    if cell.recur.bias is None:
        copy(cell.input.bias, first + second)
    else:
        copy(cell.input.bias, first)
        copy(cell.recur.bias, second)


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_a_recurrent_encoder_is_theirs(kind):
    theirs = {"gru": nn.GRU, "lstm": nn.LSTM}[kind](
        D, 7, num_layers=2, bidirectional=True, batch_first=True
    )
    ours = Recurrent(layers=2, cell=kind, width=7).encoder(D).eval()
    for i, pair in enumerate(ours.cells):
        for cell, way in zip(pair, ("", "_reverse"), strict=True):
            copy_cell(cell, theirs, f"l{i}{way}")
    x = torch.randn(B, S, D, requires_grad=True)
    packed = nn.utils.rnn.pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False)
    out, last = theirs(packed)
    want, _ = nn.utils.rnn.pad_packed_sequence(out, batch_first=True)
    got = ours(x, encoding(OK, x))
    assert_same(got.x[OK], want[OK])
    h, c = last if kind == "lstm" else (last, None)
    for i, summary in enumerate(got.summary):
        assert_same(summary.h, torch.cat([h[2 * i], h[2 * i + 1]], -1))
        if c is not None:
            assert_same(summary.c, torch.cat([c[2 * i], c[2 * i + 1]], -1))
    a, b = (torch.autograd.grad((y[OK] ** 2).sum(), x, retain_graph=True)[0]
            for y in (got.x, want))  # fmt: skip
    assert_same(a, b)


# --- blocks ---------------------------------------------------------------------------------------


def copy_attention(a: Attention, theirs: nn.MultiheadAttention) -> None:
    for ours, part in zip((a.q, a.k, a.v), range(3), strict=True):
        copy(ours.weight, theirs.in_proj_weight.chunk(3)[part])
        copy(ours.bias, theirs.in_proj_bias.chunk(3)[part])
    copy(a.out.weight, theirs.out_proj.weight)
    copy(a.out.bias, theirs.out_proj.bias)


def copy_block(block: Standard, theirs: nn.Module) -> None:
    copy_attention(block.mixer, theirs.self_attn)
    norms = [theirs.norm1, theirs.norm2]
    if block.cross is not None:
        copy_attention(block.cross, theirs.multihead_attn)
        norms.append(theirs.norm3)
    for residual, norm in zip(block.residuals, norms, strict=True):
        copy(residual.norm.gain, norm.weight)
        copy(residual.norm.bias, norm.bias)
    for ours, linear in ((block.ff.up, theirs.linear1), (block.ff.down, theirs.linear2)):
        copy(ours.weight, linear.weight)
        copy(ours.bias, linear.bias)


def shaken(theirs: nn.Module) -> nn.Module:
    """PyTorch starts norms at 1 and biases at 0: nothing shall stay there."""
    for p in theirs.parameters():
        copy(p, p + 0.3 * torch.randn_like(p))
    return theirs.eval()


def plain(place: str, ff: str) -> Plain:
    attention = {"kind": "softmax", "heads": H}
    block = {"mixer": attention, "cross": attention, "ff": {"kind": ff, "width": 20},
             "place": place}  # fmt: skip
    return Plain(layers=2, position="none", block=block)


@pytest.mark.parametrize(("place", "ff"), [("post", "relu"), ("pre", "gelu")])
def test_an_encoder_is_theirs(place, ff):
    one = nn.TransformerEncoderLayer(D, H, 20, 0.0, ff, batch_first=True, norm_first=place == "pre")
    norm = nn.LayerNorm(D) if place == "pre" else None
    theirs = shaken(nn.TransformerEncoder(one, 2, norm, enable_nested_tensor=False))
    ours = plain(place, ff).encoder(D).eval()
    for block, layer in zip(ours.stack.blocks, theirs.layers, strict=True):
        copy_block(block, layer)
    if norm is not None:
        copy(ours.stack.norm.gain, theirs.norm.weight)
        copy(ours.stack.norm.bias, theirs.norm.bias)
    x = torch.randn(B, S, D)
    assert_same(ours(x, encoding(OK, x)).x[OK], theirs(x, src_key_padding_mask=~OK)[OK])


@pytest.mark.parametrize(("place", "ff"), [("post", "relu"), ("pre", "gelu")])
@pytest.mark.parametrize("steps", [False, True], ids=["at once", "step by step"])
def test_a_decoder_is_theirs(place, ff, steps):
    one = nn.TransformerDecoderLayer(D, H, 20, 0.0, ff, batch_first=True, norm_first=place == "pre")
    norm = nn.LayerNorm(D) if place == "pre" else None
    theirs = shaken(nn.TransformerDecoder(one, 2, norm))
    table = {"kind": "table", "scale": False}
    config = seq2seq.Config(dim=D, embed=table, encoder=plain(place, ff), decoder=plain(place, ff))
    model = config.build(V, V).eval()
    stack = model.writer.decoder.stack
    for block, layer in zip(stack.blocks, theirs.layers, strict=True):
        copy_block(block, layer)
    if norm is not None:
        copy(stack.norm.gain, theirs.norm.weight)
        copy(stack.norm.bias, theirs.norm.bias)
    memory, tokens = torch.randn(B, S, D), torch.randint(V, (B, T))
    y = model.writer.embed.weight[tokens]
    causal = torch.ones(T, T, dtype=torch.bool).triu(1)
    want = theirs(y, memory, tgt_mask=causal, memory_key_padding_mask=~OK)
    like = Encoded(memory, None, torch.arange(memory.size(1)).expand(memory.shape[:2]))
    state = model.start(Encoded(like.x, OK, like.pos), capacity=2 if steps else None)
    parts = []
    with torch.set_grad_enabled(not steps):
        for chunk in tokens.split(1 if steps else T, 1):
            hidden, state = model(chunk, state)
            parts.append(hidden)
    assert_same(torch.cat(parts, 1), want)


# --- attention in a search ------------------------------------------------------------------------


@pytest.mark.parametrize("queries", [1, 4])
@pytest.mark.parametrize("hidden", [False, True])
def test_few_queries_get_what_many_get(queries, hidden):
    q, k, v = (torch.randn(B, H, n, 8).float() for n in (queries, S, S))
    keys = Keys(torch.arange(S).expand(B, S), OK if hidden else None, "right" if hidden else "full")
    scope = Scope(torch.full((B, queries), S), keys)
    core = Softmax()
    with torch.no_grad():
        few = core.attend(q, k, v, scope)
    many = core.attend(q, k, v, scope)  # gradients are on: PyTorch's own kernel
    torch.testing.assert_close(few, many, rtol=0.0, atol=1e-5)
