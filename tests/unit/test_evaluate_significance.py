"""The bootstrap agrees with sacreBLEU's, is symmetric, and does not call noise a difference."""

import json
import random

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest

from regard.evaluate import significance
from regard.evaluate.significance import paired_bootstrap

WORDS = [f"w{i}" for i in range(50)]
RNG = random.Random(0)
REFS = [" ".join(RNG.choices(WORDS, k=RNG.randint(5, 15))) for _ in range(100)]


def system(seed: int, chance: float) -> list[str]:
    rng = random.Random(seed)
    return [
        " ".join(rng.choice(WORDS) if rng.random() < chance else word for word in ref.split())
        for ref in REFS
    ]


@pytest.mark.parametrize("name, metric", [("bleu", BLEU()), ("chrf", CHRF()), ("ter", TER())])
@pytest.mark.parametrize("chance", [0.3, 0.29, 0.27])
def test_p_is_sacrebleus(name, metric, chance, monkeypatch):
    monkeypatch.setenv("SACREBLEU_SEED", "7")
    a, b = system(1, 0.3), system(2, chance)
    test = PairedTest([("a", a), ("b", b)], {name: metric}, [REFS], test_type="bs", n_samples=300)
    same = paired_bootstrap(a, b, REFS, name, resamples=300, seed=7)
    theirs = test()[1][same.metric][1]
    assert same.p == pytest.approx(theirs.p_value, abs=0.004)  # the same resamples
    assert same.b == pytest.approx(theirs.score)
    fresh = paired_bootstrap(a, b, REFS, name, resamples=300, seed=8)
    assert fresh.p == pytest.approx(theirs.p_value, abs=0.1)


@pytest.mark.parametrize("metric", ["bleu", "chrf", "ter", "exact_match"])
def test_swapping_the_systems_mirrors_the_verdict(metric):
    a, b = system(1, 0.3), system(2, 0.2)
    there = paired_bootstrap(a, b, REFS, metric, resamples=200)
    back = paired_bootstrap(b, a, REFS, metric, resamples=200, names=("B", "A"))
    assert (there.a, there.b, there.p) == (back.b, back.a, back.p)
    assert there.difference == -back.difference == pytest.approx(there.b - there.a)
    assert np.allclose(there.ci, [-end for end in reversed(back.ci)])
    if "better" in there.sentence:
        assert there.sentence == back.sentence


@pytest.mark.parametrize("metric", ["bleu", "chrf", "ter", "exact_match"])
def test_a_system_against_itself(metric):
    a = system(1, 0.3)
    verdict = paired_bootstrap(a, list(a), REFS, metric, resamples=100)
    assert (verdict.difference, verdict.ci, verdict.p) == (0, (0, 0), 1)
    assert verdict.sentence.startswith("No evidence of a difference")


@pytest.mark.parametrize("metric, sign", [("bleu", 1), ("ter", -1)])
def test_a_plain_difference_names_the_better_system(metric, sign):
    bad, good = system(1, 0.4), system(2, 0.1)
    verdict = paired_bootstrap(bad, good, REFS, metric, names=("old", "new"), resamples=1999)
    assert sign * verdict.difference > 0
    assert verdict.ci[0] < verdict.difference < verdict.ci[1]
    assert verdict.sentence.startswith("new is better by ")
    low, high = sorted(abs(end) for end in verdict.ci)
    assert f"(95 % interval {low:.1f} to {high:.1f}, p < 0.001)." in verdict.sentence


def test_equal_quality_is_seldom_called_different():
    systems = [system(i, 0.3) for i in range(80)]
    calls = [
        "better" in paired_bootstrap(a, b, REFS, resamples=100).sentence
        for a, b in zip(systems[::2], systems[1::2], strict=True)
    ]
    assert sum(calls) <= 10  # 3 expected: so few and short lines make the interval a bit narrow


def test_seeds_are_averaged():
    a, b = [system(i, 0.3) for i in range(3)], [system(i, 0.25) for i in range(10, 14)]
    verdict = paired_bootstrap(a, b, REFS, "chrf", resamples=50)
    one = [paired_bootstrap(run, b[0], REFS, "chrf", resamples=2).a for run in a]
    assert verdict.a == pytest.approx(np.mean(one))
    single = paired_bootstrap(a[0], b[0], REFS, resamples=50)
    assert paired_bootstrap([a[0]], [b[0]], REFS, resamples=50) == single


def test_seeds_that_differ_widen_the_interval():
    steady, wild = [system(1, 0.2)] * 3, [system(i, c) for i, c in enumerate((0.1, 0.2, 0.3))]
    base = system(9, 0.25)
    narrow = paired_bootstrap(base, steady, REFS, "chrf")
    wide = paired_bootstrap(base, wild, REFS, "chrf")
    assert np.ptp(wide.ci) > 2 * np.ptp(narrow.ci)
    assert "better" in narrow.sentence and "No evidence" in wide.sentence


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_spread_over_seeds_is_that_of_a_mean(seeds):
    scores = np.random.default_rng(seeds).normal(size=seeds)
    drawn = significance._seeds(np.tile(scores, (200_000, 1)), np.random.default_rng(0))
    assert drawn.mean() == pytest.approx(scores.mean(), abs=0.01)
    assert drawn.var() == pytest.approx(scores.var(ddof=1) / seeds, rel=0.02)


def test_resamples_in_parts_are_the_same_resamples(monkeypatch):
    a, b = system(1, 0.3), system(2, 0.28)
    whole = paired_bootstrap(a, b, REFS, resamples=70)
    monkeypatch.setattr(significance, "_CELLS", 1500)
    assert paired_bootstrap(a, b, REFS, resamples=70) == whole


def test_small_differences_show_their_digits():
    text = significance.sentence("BLEU", ("A", "B"), 0.31, (0.012, 0.6), 0.021, 1)
    assert text == "B is better by 0.31 BLEU (95 % interval 0.01 to 0.60, p = 0.021)."
    text = significance.sentence("BLEU", ("A", "B"), -1.3, (-2.0, -0.6), 0.002, 1)
    assert text == "A is better by 1.3 BLEU (95 % interval 0.6 to 2.0, p = 0.002)."
    text = significance.sentence("TER", ("A", "B"), -1.3, (-2.0, -0.6), 0.002, -1)
    assert text == "B is better by 1.3 TER (95 % interval 0.6 to 2.0, p = 0.002)."
    text = significance.sentence("BLEU", ("A", "B"), 0.4, (-0.3, 1.1), 0.03, 1)
    assert text.startswith("No evidence of a difference: B minus A is 0.4 BLEU (95 % interval -0.3")


def test_bad_input_and_json():
    with pytest.raises(ValueError, match="1 hypotheses do not fit 100 references"):
        paired_bootstrap(REFS, ["a"], REFS)
    with pytest.raises(ValueError, match="nothing to compare"):
        paired_bootstrap([], REFS, REFS)
    found = paired_bootstrap(REFS, system(1, 0.3), REFS, resamples=20).as_dict()
    assert json.loads(json.dumps(found))["metric"] == "BLEU"
