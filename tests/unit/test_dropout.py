"""Our dropout: the rate, the scale, independence, and the generator it draws from."""

import pytest
import torch

from regard.dropout import Dropout


@pytest.mark.parametrize("p", [0.05, 0.1, 0.3, 0.5])
def test_rate_and_mean(p):
    torch.manual_seed(1)
    x = torch.ones(1_000_003)
    y = Dropout(p)(x)
    kept = 1 - round(p * 256) / 256
    assert abs(float((y > 0).float().mean()) - kept) < 0.002
    assert torch.allclose(y[y > 0], torch.tensor(1 / kept))
    assert abs(float(y.mean()) - 1) < 0.005


def test_elements_are_independent():
    torch.manual_seed(2)
    y = (Dropout(0.5)(torch.ones(100_000, 16)) > 0).double()
    correlation = torch.corrcoef(y.T) - torch.eye(16, dtype=torch.float64)
    assert float(correlation.abs().max()) < 0.02  # 16 columns are two whole draws: all bytes


def test_gradient_is_the_mask():
    torch.manual_seed(3)
    x = torch.randn(40, 7, requires_grad=True)
    y = Dropout(0.3)(x)
    y.sum().backward()
    assert torch.allclose(y, x * x.grad)


def test_follows_the_global_generator():
    x = torch.ones(1000)
    torch.manual_seed(4)
    state = torch.get_rng_state()
    first, second = Dropout(0.2)(x), Dropout(0.2)(x)
    torch.set_rng_state(state)
    assert torch.equal(Dropout(0.2)(x), first) and torch.equal(Dropout(0.2)(x), second)
    assert not torch.equal(first, second)


def test_off_in_use_and_at_zero():
    x = torch.randn(5, 5)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_half_precision_keeps_its_type():
    assert Dropout(0.5)(torch.ones(9, dtype=torch.bfloat16)).dtype == torch.bfloat16


@pytest.mark.parametrize("p", [0.0, 1e-6, 0.9999])
def test_rates_at_the_edges(p):
    torch.manual_seed(6)
    x = torch.ones(100_000)
    y = Dropout(p)(x)
    assert torch.isfinite(y).all()
    assert bool((y == 0).any()) == (p > 0)  # a small rate is not silently none
    assert (y > 0).any()
