"""Scores: the one place that talks to sacreBLEU (Post 2018) and names its arguments.

A `Measure` has per-line statistics that add up (`N` lines, `K` numbers each), so that slices and
resampling score any set of lines without reading the texts again. References are one string per
line, or a list of strings per line; the lists may differ in length.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Any, Protocol

import numpy as np
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.metrics.base import Metric

from regard.evaluate import moses
from regard.evaluate.fast_chrf import chrf_matrix, sentence_chrf

__all__ = [
    "Measure", "Score", "all_scores", "bleu", "chrf", "chrf_matrix", "exact_match", "measure",
    "sentence_bleu", "sentence_chrf", "ter", "tokenised_bleu", "tokenizer_for",
]  # fmt: skip

Refs = Sequence[str] | Sequence[Sequence[str]]
_TOKENIZERS = {"ko": "ko-mecab", "ja": "ja-mecab", "zh": "zh"}
_EXTRAS = {"ko-mecab": "ko", "ja-mecab": "ja", "spm": "spm", "flores101": "spm", "flores200": "spm"}


@dataclass(frozen=True)
class Score:
    """A figure with the signature that says how it was computed."""

    name: str
    value: float
    signature: str

    def as_dict(self) -> dict[str, str | float]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.name} {self.value:.2f} ({self.signature})"


class Measure(Protocol):
    """What slices and the bootstrap need to know of a score."""

    name: str
    higher_is_better: bool

    def statistics(self, hyps: Sequence[str], refs: Refs) -> np.ndarray:
        """Numbers of each line that add up over lines: (N, K)."""

    def value(self, total: np.ndarray) -> float:
        """The score of lines whose statistics sum to `total`: (K,)."""

    def score(self, hyps: Sequence[str], refs: Refs) -> Score:
        """The score of all lines."""


class Sacre:
    """A metric of sacreBLEU; `prepare` rewrites a text first, `note` then amends the signature."""

    def __init__(
        self,
        metric: Metric,
        name: str,
        prepare: Callable[[list[str]], list[str]] | None = None,
        note: dict[str, str] | None = None,
    ):
        self.metric, self.name = metric, name
        self.prepare, self.note = prepare, note or {}
        self.higher_is_better = not isinstance(metric, TER)

    def statistics(self, hyps: Sequence[str], refs: Refs) -> np.ndarray:
        # sacreBLEU has no public way to its per-line statistics
        rows = self.metric._extract_corpus_statistics(*self._streams(hyps, refs))
        return np.array(rows, dtype=np.float64)

    def value(self, total: np.ndarray) -> float:
        return float(self.metric._compute_score_from_stats(total.tolist()).score)

    def score(self, hyps: Sequence[str], refs: Refs) -> Score:
        value = self.metric.corpus_score(*self._streams(hyps, refs)).score
        signature = self.metric.get_signature()
        for key, text in self.note.items():
            signature.update(key, text)
        return Score(self.name, float(value), signature.format())

    def _streams(self, hyps: Sequence[str], refs: Refs) -> tuple[list[str], list[Any]]:
        """sacreBLEU wants references by stream, not by line, and None where a line has no more."""
        lines = _paired(hyps, refs)
        hyps = list(hyps)
        if self.prepare:
            hyps = self.prepare(hyps)
            lines = [self.prepare(line) for line in lines]
        return hyps, [list(stream) for stream in zip_longest(*lines)]


class ExactMatch:
    """Percentage of lines equal to one of their references, outer white space aside."""

    name = "exact match"
    higher_is_better = True

    def statistics(self, hyps: Sequence[str], refs: Refs) -> np.ndarray:
        pairs = zip(hyps, _paired(hyps, refs), strict=True)
        hits = [hyp.strip() in {ref.strip() for ref in line} for hyp, line in pairs]
        return np.array([hits, [1] * len(hits)], dtype=np.float64).T

    def value(self, total: np.ndarray) -> float:
        return float(100 * total[0] / total[1]) if total[1] else 0.0

    def score(self, hyps: Sequence[str], refs: Refs) -> Score:
        counts = {len(line) for line in _paired(hyps, refs)}
        nrefs = counts.pop() if len(counts) == 1 else "var"
        value = self.value(self.statistics(hyps, refs).sum(0))
        return Score(self.name, value, f"nrefs:{nrefs}|case:mixed|space:stripped")


def tokenizer_for(language: str | None) -> str:
    """sacreBLEU's tokenizer for a target language ("ko", "zh-CN"); 13a where it has no own."""
    return _TOKENIZERS.get((language or "").lower().replace("_", "-").split("-")[0], "13a")


def bleu(
    hyps: Sequence[str],
    refs: Refs,
    *,
    lowercase: bool = False,
    tokenize: str | None = None,
    language: str | None = None,
) -> Score:
    """Corpus BLEU (Papineni et al. 2002), tokenized as the target language asks unless told."""
    return Sacre(_bleu(lowercase, tokenize or tokenizer_for(language)), "BLEU").score(hyps, refs)


def chrf(hyps: Sequence[str], refs: Refs, *, lowercase: bool = False, word_order: int = 0) -> Score:
    """Corpus chrF2 (Popović 2015); `word_order=2` is chrF2++ (Popović 2017)."""
    return _chrf(lowercase, word_order).score(hyps, refs)


def ter(hyps: Sequence[str], refs: Refs, *, case_sensitive: bool = False) -> Score:
    """Translation edit rate (Snover et al. 2006): edits per 100 words, lower is better."""
    return Sacre(TER(case_sensitive=case_sensitive), "TER").score(hyps, refs)


def exact_match(hyps: Sequence[str], refs: Refs) -> Score:
    """Percentage of lines equal to one of their references, outer white space aside."""
    return ExactMatch().score(hyps, refs)


def tokenised_bleu(hyps: Sequence[str], refs: Refs, language: str) -> Score:
    """The lower-cased tokenised BLEU of older papers; not to be compared with `bleu`."""
    return _tokenised(language).score(hyps, refs)


def sentence_bleu(
    hyp: str,
    refs: str | Sequence[str],
    *,
    lowercase: bool = False,
    tokenize: str | None = None,
    language: str | None = None,
) -> float:
    """BLEU of one sentence, 0 to 100, with effective order (sacreBLEU's sentence BLEU)."""
    metric = _sentence_bleu(lowercase, tokenize or tokenizer_for(language))
    return float(metric.sentence_score(hyp, [refs] if isinstance(refs, str) else list(refs)).score)


_MEASURES: dict[str, Callable[[str | None], Measure]] = {
    "bleu": lambda language: Sacre(_bleu(False, tokenizer_for(language)), "BLEU"),
    "bleu_lc": lambda language: Sacre(_bleu(True, tokenizer_for(language)), "BLEU"),
    "chrf": lambda language: _chrf(False, 0),
    "chrf++": lambda language: _chrf(False, 2),
    "ter": lambda language: Sacre(TER(), "TER"),
    "exact_match": lambda language: ExactMatch(),
    "tokenised_bleu": lambda language: _tokenised(language),
}


def measure(name: str, language: str | None = None) -> Measure:
    """A measure by name, for a target language; a ValueError lists the names."""
    if name not in _MEASURES:
        raise ValueError(f"There is no score {name!r}; there are {', '.join(_MEASURES)}.")
    return _MEASURES[name](language)


def all_scores(
    hyps: Sequence[str],
    refs: Refs,
    language: str | None = None,
    names: Sequence[str] = ("bleu", "chrf", "ter", "exact_match"),
) -> dict[str, Score]:
    """Several scores of the same lines, by name (see `measure`)."""
    return {name: measure(name, language).score(hyps, refs) for name in names}


def _paired(hyps: Sequence[str], refs: Refs) -> list[list[str]]:
    """The references of each line, as lists, once they fit the hypotheses."""
    if isinstance(hyps, str) or isinstance(refs, str):
        raise ValueError("Scores take lists of lines, not one string: wrap it as [text].")
    if len(hyps) != len(refs):
        raise ValueError(
            f"{len(hyps)} hypotheses do not fit {len(refs)} references: "
            "each hypothesis needs one entry, a string or a list of strings."
        )
    if not hyps:
        raise ValueError("There is nothing to score: 0 hypotheses, 0 references.")
    lines = [[line] if isinstance(line, str) else list(line) for line in refs]
    if [] in lines:
        raise ValueError(f"Line {lines.index([]) + 1} has no reference; each line needs one.")
    return lines


def _bleu(lowercase: bool, tokenize: str, effective_order: bool = False) -> BLEU:
    if tokenize not in BLEU.TOKENIZERS:
        names = ", ".join(BLEU.TOKENIZERS)
        raise ValueError(f"There is no tokenizer {tokenize!r}; there are {names}.")
    try:
        return BLEU(lowercase=lowercase, tokenize=tokenize, effective_order=effective_order)
    except (RuntimeError, ImportError) as error:
        extra = _EXTRAS.get(tokenize)
        if extra is None:
            raise
        raise ValueError(
            f"BLEU with the tokenizer {tokenize} needs a package that is missing: "
            f"pip install regard[{extra}]"
        ) from error


_sentence_bleu = lru_cache(maxsize=8)(
    lambda lowercase, tokenize: _bleu(lowercase, tokenize, effective_order=True)
)


def _chrf(lowercase: bool, word_order: int) -> Sacre:
    return Sacre(CHRF(lowercase=lowercase, word_order=word_order), "chrF2" + "+" * word_order)


def _tokenised(language: str | None) -> Sacre:
    if not language:
        raise ValueError("Tokenised BLEU needs the target language, such as language='de'.")
    # no smoothing, as in multi-bleu.perl; force: sacreBLEU would warn that the text looks tokenised
    metric = BLEU(tokenize="none", smooth_method="none", force=True)
    note = {"case": "lc", "norm": "moses", "tok": moses.signature(language)}
    return Sacre(metric, "tokenised BLEU", lambda texts: moses.lc_norm_tok(texts, language), note)
