"""Losses made chunk by chunk: equal to those of all logits at once, without ever holding them."""

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from regard.train import loss
from regard.train.loss import disagreement, log_probabilities, smoothed

V, D = 11, 5


def problem(M=7, dtype=torch.float64, seed=0, V=V, D=D):
    """Hidden states, head and targets."""
    g = torch.Generator().manual_seed(seed)
    made = [torch.randn(*s, generator=g, dtype=dtype) for s in ((M, D), (V, D), (V,))]
    return [x.requires_grad_() for x in made], torch.randint(V, (M,), generator=g)


def whole(hidden, weight, bias, target, smoothing=0.0):
    logits = F.linear(hidden, weight, bias)
    return F.cross_entropy(logits, target, label_smoothing=smoothing, reduction="sum")


def assert_same_slopes(found, expected, inputs, **tolerance):
    slopes = [torch.autograd.grad(x, inputs) for x in (found, expected)]
    for a, b in zip(*slopes, strict=True):
        torch.testing.assert_close(a, b, **tolerance)


@pytest.fixture(params=[1, 2 * V + 1, 1 << 21], ids=["a row a chunk", "two rows", "all at once"])
def chunks(request, monkeypatch):
    monkeypatch.setattr(loss, "ROOM", request.param)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("M", [0, 1, 7])
def test_smoothed_is_cross_entropy(chunks, M, smoothing):
    (hidden, weight, bias), target = problem(M)
    total, plain = smoothed(hidden, (weight, bias), target, smoothing)
    expected = whole(hidden, weight, bias, target, smoothing)
    torch.testing.assert_close(total, expected)
    torch.testing.assert_close(plain, whole(hidden, weight, bias, target).detach())
    assert not plain.requires_grad
    assert_same_slopes(3 * total, 3 * expected, (hidden, weight, bias))


def test_smoothed_in_float32():
    (hidden, weight, bias), target = problem(300, torch.float32, V=500, D=32)
    total, plain = smoothed(hidden, (weight, bias), target, 0.1)
    expected = whole(hidden, weight, bias, target, 0.1)
    assert total.dtype == plain.dtype == torch.float32
    torch.testing.assert_close(total, expected, rtol=1e-5, atol=1e-5)
    assert_same_slopes(total, expected, (hidden, weight, bias), rtol=1e-5, atol=1e-5)


def test_gradients_by_differences(chunks):
    inputs, target = problem(4)
    other = inputs[0].detach().flip(0).requires_grad_()
    check = torch.autograd.gradcheck
    assert check(lambda h, *head: smoothed(h, head, target, 0.2)[0], inputs)
    assert check(lambda h, *head: log_probabilities(h, head, target), inputs)
    assert check(lambda a, b, *head: disagreement(a, b, head), [other, *inputs])


def test_log_probabilities_are_those_of_the_targets(chunks):
    (hidden, weight, bias), target = problem(7, torch.float32)
    expected = F.linear(hidden, weight, bias).log_softmax(-1).gather(1, target[:, None])[:, 0]
    found = log_probabilities(hidden, (weight, bias), target)
    torch.testing.assert_close(found, expected)
    pull = torch.linspace(-1, 1, 7)
    inputs = (hidden, weight, bias)
    assert_same_slopes(found @ pull, expected @ pull, inputs, rtol=1e-5, atol=1e-5)
    assert log_probabilities(hidden[:0], (weight, bias), target[:0]).shape == (0,)


def test_disagreement_is_both_divergences(chunks):
    (a, weight, bias), _ = problem(7, torch.float32)
    b = problem(7, torch.float32, seed=1)[0][0]
    p, q = (F.linear(h, weight, bias).log_softmax(-1) for h in (a, b))
    kl = [F.kl_div(x, y, reduction="sum", log_target=True) for x, y in ((p, q), (q, p))]
    expected = (kl[0] + kl[1]) / 2
    found = disagreement(a, b, (weight, bias))
    torch.testing.assert_close(found, expected)
    assert disagreement(a, a, (weight, bias)) == 0
    assert_same_slopes(found, expected, (a, b, weight, bias), rtol=1e-4, atol=1e-5)


def test_bfloat16_has_a_float32_softmax():
    """Under autocast only products are rounded: a flat softmax over 20,000 words stays exact."""
    M, V, D = 6, 20_000, 8
    hidden = torch.zeros(M, D, requires_grad=True)
    weight = torch.randn(V, D, generator=torch.Generator().manual_seed(0)).requires_grad_()
    bias, target = torch.zeros(V, requires_grad=True), torch.arange(M)
    with torch.autocast("cpu", torch.bfloat16):
        total, plain = smoothed(hidden, (weight, bias), target, 0.1)
    total.backward()
    expected = M * torch.tensor(float(V)).log()
    torch.testing.assert_close(total, expected, rtol=1e-6, atol=0)
    torch.testing.assert_close(plain, expected, rtol=1e-6, atol=0)
    # each word's share, M / V, less what is wanted: exact only if the sum over V is
    shares = torch.full((V - M,), M * (1 - 0.1) / V)
    torch.testing.assert_close(bias.grad[M:], shares, rtol=1e-3, atol=0)


def test_bfloat16_is_close(chunks):
    (hidden, weight, bias), target = problem(40, torch.float32, V=30, D=16)
    expected = whole(hidden, weight, bias, target, 0.1)
    with torch.autocast("cpu", torch.bfloat16):
        total, _ = smoothed(hidden, (weight, bias), target, 0.1)
        chosen = log_probabilities(hidden, (weight, bias), target)
    torch.testing.assert_close(total, expected, rtol=1e-2, atol=0)
    plain = whole(hidden, weight, bias, target)
    torch.testing.assert_close(-chosen.sum(), plain, rtol=1e-2, atol=0)
    made = torch.autograd.grad(total, (hidden, weight, bias))
    for a, b in zip(made, torch.autograd.grad(expected, (hidden, weight, bias)), strict=True):
        assert a.dtype == torch.float32
        assert (a - b).norm() < 0.02 * b.norm()


class Largest(TorchDispatchMode):
    """Remembers the most elements of any tensor that an operation returned."""

    def __init__(self):
        super().__init__()
        self.elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        sizes = (x.numel() for x in tree_leaves(out) if isinstance(x, torch.Tensor))
        self.elements = max(self.elements, *sizes, 0)
        return out


@pytest.mark.parametrize("which", ["smoothed", "log_probabilities", "disagreement"])
@pytest.mark.parametrize("half", [False, True])
def test_no_tensor_holds_all_logits(which, half, monkeypatch):
    M, V, D = 64, 32_000, 4
    monkeypatch.setattr(loss, "ROOM", 8 * V)
    (hidden, weight, bias), target = problem(M, torch.float32, V=V, D=D)
    head = (weight, bias)
    with Largest() as largest:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            if which == "smoothed":
                total = smoothed(hidden, head, target, 0.1)[0]
            elif which == "log_probabilities":
                total = log_probabilities(hidden, head, target).sum()
            else:
                total = disagreement(hidden, hidden.flip(0), head)
        total.backward()
    assert weight.grad.abs().sum() > 0
    assert largest.elements <= 8 * V < M * V
