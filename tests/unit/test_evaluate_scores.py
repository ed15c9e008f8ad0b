"""Scores equal sacreBLEU's own, values and signatures; bad input is refused in words."""

import builtins
import json
import random
import subprocess
import sys

import numpy as np
import pytest
import sacrebleu
from sacrebleu.metrics import CHRF
from sacrebleu.tokenizers import tokenizer_ko_mecab

from regard.evaluate import moses, scores
from regard.evaluate.scores import (
    all_scores,
    bleu,
    chrf,
    chrf_matrix,
    exact_match,
    measure,
    sentence_bleu,
    sentence_chrf,
    ter,
    tokenised_bleu,
    tokenizer_for,
)

TEXT = "The the cat, dog's house ran Ran over U.S. (big) 3.5 % aaaa äöü 나는 학교에 갑니다. 😀"
WORDS = TEXT.split()


def lines(seed: int, n: int, longest: int = 12) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(0, longest))) for _ in range(n)]


def noisy(texts: list[str], seed: int, chance: float = 0.3) -> list[str]:
    rng = random.Random(seed)
    return [
        " ".join(rng.choice(WORDS) if rng.random() < chance else word for word in text.split())
        for text in texts
    ]


REFS = lines(1, 60)
HYPS = noisy(REFS, 2)
OTHER = noisy(REFS, 3)
RAGGED = [[a, b] if i % 3 else [a] for i, (a, b) in enumerate(zip(REFS, OTHER, strict=True))]
STREAMS = [REFS, [line[1] if len(line) > 1 else None for line in RAGGED]]


@pytest.mark.parametrize("lowercase", [False, True])
@pytest.mark.parametrize("tokenize", ["13a", "intl", "char", "zh", "none"])
def test_bleu_is_sacrebleu(lowercase, tokenize):
    ours = bleu(HYPS, REFS, lowercase=lowercase, tokenize=tokenize)
    theirs = sacrebleu.metrics.BLEU(lowercase=lowercase, tokenize=tokenize)
    assert ours.value == theirs.corpus_score(HYPS, [REFS]).score
    assert ours.signature == str(theirs.get_signature())


def test_other_scores_are_sacrebleu():
    for ours, theirs in [
        (chrf(HYPS, REFS), CHRF()),
        (chrf(HYPS, REFS, word_order=2, lowercase=True), CHRF(word_order=2, lowercase=True)),
        (ter(HYPS, REFS), sacrebleu.metrics.TER()),
        (ter(HYPS, REFS, case_sensitive=True), sacrebleu.metrics.TER(case_sensitive=True)),
    ]:
        score = theirs.corpus_score(HYPS, [REFS])
        assert (ours.name, ours.value) == (score.name, score.score)
        assert ours.signature == str(theirs.get_signature())


def test_scores_and_signatures_are_those_of_the_command_line(tmp_path):
    (tmp_path / "ref").write_text("\n".join(REFS) + "\n", encoding="utf-8")
    (tmp_path / "hyp").write_text("\n".join(HYPS) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "sacrebleu", "ref", "-i", "hyp", "-m", "bleu", "chrf", "ter"]
    run = subprocess.run([*command, "-w", "9"], cwd=tmp_path, capture_output=True, text=True)
    ours = all_scores(HYPS, REFS, "en", ["bleu", "chrf", "ter"]).values()
    for mine, theirs in zip(ours, json.loads(run.stdout), strict=True):
        assert mine.signature == theirs["signature"]
        assert mine.value == pytest.approx(theirs["score"], abs=1e-8)


def test_ragged_references():
    score = bleu(HYPS, RAGGED)
    assert score.value == sacrebleu.metrics.BLEU().corpus_score(HYPS, STREAMS).score
    assert score.signature.startswith("nrefs:var|")
    assert bleu(HYPS, [[ref] for ref in REFS]) == bleu(HYPS, REFS)
    assert bleu(HYPS, RAGGED).value > bleu(HYPS, REFS).value
    assert exact_match(OTHER, RAGGED).value > exact_match(OTHER, REFS).value
    assert exact_match(HYPS, RAGGED).signature.startswith("nrefs:var|")


@pytest.mark.parametrize("name", scores._MEASURES)
@pytest.mark.parametrize("refs", [REFS, RAGGED], ids=["one", "ragged"])
def test_statistics_add_up_to_the_score(name, refs):
    if name == "tokenised_bleu":
        pytest.importorskip("sacremoses")
    chosen = measure(name, "en")
    table = chosen.statistics(HYPS, refs)
    assert len(table) == len(HYPS)
    assert chosen.value(table.sum(0)) == pytest.approx(chosen.score(HYPS, refs).value, abs=1e-9)
    half = chosen.score(HYPS[:30], refs[:30]).value
    assert chosen.value(table[:30].sum(0)) == pytest.approx(half, abs=1e-9)


def test_perfect_and_hopeless():
    best = all_scores(REFS, REFS, "en")
    assert [round(best[name].value, 9) for name in best] == [100, 100, 0, 100]
    worst = all_scores(["x"] * 3, ["abc def"] * 3, "en")
    assert [round(worst[name].value, 9) for name in worst] == [0, 0, 100, 0]
    assert exact_match([" a", "b"], ["a ", "B"]).value == 50


def test_sentence_scores_are_sacrebleu():
    for hyp, refs in zip(HYPS, RAGGED, strict=True):
        assert sentence_bleu(hyp, refs) == sacrebleu.sentence_bleu(hyp, refs).score
        assert sentence_chrf(hyp, refs) == pytest.approx(
            sacrebleu.sentence_chrf(hyp, refs).score, abs=1e-9
        )


def test_chrf_matrix_is_sacrebleu_for_every_pair():
    rng = random.Random(5)
    hyps = ["", " ", "a", "aaaaaaaaa", "ab\tcd ef", "\ud800 odd", "나는 학교에 갑니다."]
    hyps += ["".join(rng.choices("ab c", k=rng.randint(0, 30))) for _ in range(20)]
    refs = [*reversed(hyps), *REFS[:10]]
    metric = CHRF()
    theirs = [[metric.sentence_score(hyp, [ref]).score for ref in refs] for hyp in hyps]
    assert np.abs(chrf_matrix(hyps, refs) - theirs).max() < 1e-9
    loop = [[sentence_chrf(hyp, ref) for ref in refs] for hyp in hyps]
    assert np.abs(np.array(loop) - theirs).max() < 1e-9


def test_chrf_matrix_in_parts_and_of_nothing(monkeypatch):
    whole = chrf_matrix(HYPS, REFS)
    monkeypatch.setattr("regard.evaluate.fast_chrf._CELLS", 1000)
    assert np.array_equal(chrf_matrix(HYPS, REFS), whole)
    assert chrf_matrix([], REFS).shape == (0, len(REFS))
    assert not chrf_matrix(["", " "], [""]).any()


def test_tokenizer_follows_the_target_language():
    names = {"ko": "ko-mecab", "ja": "ja-mecab", "zh": "zh", "zh-CN": "zh", "zh_TW": "zh"}
    assert {language: tokenizer_for(language) for language in names} == names
    assert [tokenizer_for(x) for x in ("de", "en", "kok", None)] == ["13a"] * 4
    assert "|tok:zh|" in bleu(["你好吗"], ["你好吗"], language="zh").signature
    assert "|tok:13a|" in bleu(HYPS, REFS, language="zh", tokenize="13a").signature


def test_korean_is_split_into_morphemes():
    pytest.importorskip("mecab_ko", reason="the extra regard[ko] is not installed")
    score = bleu(["나는 학교에 갑니다."], ["너는 학교에 갑니다."], language="ko")
    assert "|tok:ko-mecab-" in score.signature
    # the particles match although the words around them do not
    assert score.value > bleu(["나는 학교에 갑니다."], ["너는 학교에 갑니다."]).value


def test_a_missing_tokenizer_names_the_extra(monkeypatch):
    monkeypatch.setattr(tokenizer_ko_mecab, "MeCab", None)
    with pytest.raises(ValueError, match=r"pip install regard\[ko\]"):
        bleu(HYPS, REFS, language="ko")


def test_missing_sacremoses_names_the_extra(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "sacremoses":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    moses._steps.cache_clear()
    with pytest.raises(ValueError, match=r"pip install regard\[moses\]"):
        tokenised_bleu(HYPS, REFS, "de")


def test_tokenised_bleu_scores_the_moses_form():
    pytest.importorskip("sacremoses")
    texts = ["Zwei Männer (im T-Shirt) sagen „Hallo“, d.h. z.B. & so.", "It's 5.30, isn't it?"]
    tokens = moses.lc_norm_tok(texts, "de")
    assert tokens[0].startswith("zwei männer ( im t-shirt ) sagen &quot; hallo &quot; ,")
    assert tokens[0].endswith(" &amp; so .")
    hyps = ['Zwei männer (im t-shirt) sagen "hallo".', "It's 5.30 isn't it?"]
    score = tokenised_bleu(hyps, texts, "de")
    theirs = sacrebleu.corpus_bleu(
        moses.lc_norm_tok(hyps, "de"), [tokens], tokenize="none", smooth_method="none", force=True
    )
    assert score.value == theirs.score > 0
    assert score.name == "tokenised BLEU"
    for part in ("case:lc", "tok:moses-de-sacremoses-", "norm:moses", "smooth:none"):
        assert part in score.signature
    shouted = [text.upper() for text in REFS]
    assert tokenised_bleu(shouted, REFS, "en").value == pytest.approx(100)


@pytest.mark.parametrize("score", [bleu, chrf, ter, exact_match])
def test_lists_that_do_not_fit_are_refused(score):
    with pytest.raises(ValueError, match="3 hypotheses do not fit 2 references"):
        score(["a", "b", "c"], ["a", "b"])
    with pytest.raises(ValueError, match="nothing to score"):
        score([], [])
    with pytest.raises(ValueError, match="Line 2 has no reference"):
        score(["a", "b"], [["a"], []])
    with pytest.raises(ValueError, match="not one string"):
        score("ab", ["a", "b"])


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'blue'.*bleu_lc"):
        all_scores(HYPS, REFS, "en", ["blue"])
    with pytest.raises(ValueError, match="'13b'.*13a"):
        bleu(HYPS, REFS, tokenize="13b")
    with pytest.raises(ValueError, match="language"):
        measure("tokenised_bleu")


def test_a_score_as_a_dictionary():
    found = bleu(HYPS, REFS).as_dict()
    assert json.loads(json.dumps(found)) == found
    assert list(found) == ["name", "value", "signature"]
