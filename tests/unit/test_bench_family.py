"""Cost by length, and one part changed: the arithmetic, and a real small run of each."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from regard import parts
from regard.attention import softmax, window
from regard.bench import attending, attention, swap
from regard.recipe import Config, UserError, make


@pytest.mark.parametrize("slope", [1.0, 1.5, 2.0])
def test_an_exponent_is_found_and_its_interval_holds_it(slope):
    lengths = [2048, 4096, 8192, 16384]
    exact = [(n, 1e-9 * n**slope) for n in lengths]
    assert attention.exponent(exact) == pytest.approx((slope,) * 3, abs=1e-6)
    draw, inside = np.random.default_rng(3), 0
    for _ in range(400):
        noisy = [(n, t * np.exp(0.1 * draw.normal())) for _ in range(3) for n, t in exact]
        low, middle, high = attention.exponent(noisy)
        assert low < middle < high
        inside += low <= slope <= high
    assert 0.92 < inside / 400 < 0.98


def test_too_little_says_nothing():
    assert attention.exponent([(2048, 1.0), (2048, 1.1), (2048, 0.9)]) is None
    assert attention.exponent([(2048, 1.0), (4096, 2.0)]) is None


@pytest.mark.parametrize(("freedom", "t"), [(1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571),
                                            (10, 2.228), (30, 2.042), (1000, 1.962)])  # fmt: skip
def test_student_s_t(freedom, t):
    assert attention.t_975(freedom) == pytest.approx(t, rel=6e-3)


def told(kind: str, **more) -> dict:
    return {"kind": kind, "lengths": [64, 128], "width": 16, "heads": 2, "causal": False,
            "seed": 1, "threads": 1, "most_s": 60, "most_mib": 6000, **more}  # fmt: skip


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="asks Linux for the peak")
def test_a_process_measures_a_kind(tmp_path):
    path = tmp_path / "told.json"
    path.write_text(json.dumps(told("window")))
    words = [sys.executable, "-m", "regard.bench.attending", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)["lengths"]
    assert list(found) == ["64", "128"]
    for figures in found.values():
        assert 0 < figures["forward_s"] < figures["both_s"] * 3 and figures["mib"] >= 0


def test_lengths_that_would_take_too_long_are_left_out(monkeypatch):
    monkeypatch.setattr(attending, "peaked", lambda run: (run(), (5.0, 10.0))[1])
    monkeypatch.setattr(attending, "seconds", lambda run: 5.0)
    assert list(attending.measure(told("window", most_s=20))) == ["64"]
    assert list(attending.measure(told("window", most_s=30, most_mib=40))) == ["64"]
    assert list(attending.measure(told("window", most_s=30))) == ["64", "128"]


def test_what_cannot_write_has_no_causal_form():
    with pytest.raises(UserError, match="reformer"):
        attending.made(told("reformer", causal=True), 64)
    core, _, pass_ = attending.made(told("synthesizer_dense", causal=True), 64)
    assert core.length == 64 and pass_.rules


def test_kinds_of_long_rows_are_all_but_those_of_recurrent_translation():
    every = set(attention.choices(causal=False))
    assert {"window", "reformer", "softmax"} <= every and not every & set(attention.OLD)
    assert "reformer" not in attention.choices(causal=True)


def tiny() -> dict:
    return {**swap.SETTINGS, "layers": 1, "width": 16, "ffn": 32, "heads": 4, "seed": 1,
            "data": ".", "direction": "de-en", "vocab": 300}  # fmt: skip


def settings(config: Config):
    """Family and kind of everything inside, placements as kinds of block."""
    yield tuple(type(config).__module__.split(".")[-2:])
    if hasattr(config, "place"):
        yield "block", config.place
    for value in vars(config).values():
        if isinstance(value, Config):
            yield from settings(value)


@pytest.mark.parametrize("part", parts.parts(), ids=lambda p: f"{p.family}.{p.kind}")
def test_every_part_can_be_swapped_in_or_says_why_not(part):
    try:
        made = swap.recipe(tiny(), part, 10)
        model = make(made).model.build(300, 300)
    except UserError as error:
        assert len(str(error)) > 20
        return
    assert sum(p.numel() for p in model.parameters()) > 1000
    inside = set(settings(make(made).model))
    assert (part.family, part.kind) in inside, "something else was changed"


def test_only_that_line_is_changed():
    plain, changed = (swap.recipe(tiny(), part, 10) for part in (None, swap.named("ff.swiglu")))
    for side in ("encoder", "decoder"):
        ff = changed["model"][side]["block"]["ff"]
        assert ff["kind"] == "swiglu" and ff["width"] == 32
        changed["model"][side]["block"]["ff"] = plain["model"][side]["block"]["ff"]
    assert changed == plain
    with pytest.raises(UserError, match="ff.swiglu"):
        swap.named("ff.swiglo")


def test_ties_lie_within_two_deviations_of_the_plain_ones():
    def row(name, nll):
        return {"name": name, "dev_nll": nll, "dev_bleu": 30.0, "where": ["encoder"], "steps": 9,
                "tokens_per_s": 1.0, "peak_mib": 1.0, "parameters": 1}  # fmt: skip

    rows = [row(swap.PLAIN, x) for x in (1.0, 1.2, 1.1)]
    rows += [row("a", 0.8), row("b", 1.28), {"name": "c", "failed": "no"}]
    found = {"rows": swap.ranked(rows), "band": swap.band(rows)}
    assert found["band"]["dev_nll"] == pytest.approx([0.9, 1.1, 1.3])
    names = [cells[0] for cells in swap.cells(found)]
    assert names == ["a", "plain =", "plain =", "plain =", "b =", "c"]


def test_the_measured_core_is_the_one_in_use():
    core, _, _ = attending.made(told("window"), 64)
    assert type(core) is type(window.Config(heads=2).core(8)) and core.training
    assert isinstance(core, softmax.Softmax) and torch.is_grad_enabled()


def test_a_finished_row_is_not_measured_again(tmp_path, monkeypatch):
    calls = []

    def trained(name, part, told, out, say):
        calls.append(name)
        return {"name": name, "dev_nll": float(len(calls))}

    monkeypatch.setattr(swap, "trained", trained)
    ask = {**tiny(), "minutes": 1.0, "data": "here"}
    first = swap.kept_row("a", None, ask, tmp_path, print)
    assert swap.kept_row("a", None, {**ask, "data": "moved"}, tmp_path, print) == first
    assert swap.kept_row("a", None, {**ask, "seed": 2}, tmp_path, print) != first
    assert swap.kept_row("a", None, {**ask, "minutes": 2.0}, tmp_path, print) != first
    monkeypatch.setattr(swap, "here", lambda: {"commit": "another"})
    assert swap.kept_row("a", None, ask, tmp_path, print) != first
    assert len(calls) == 4
