"""Minimum Bayes risk: of many candidates the one most like all the others (Kumar & Byrne 2004;
with samples, Eikema & Aziz 2020). Works on text, after any search that gives several outputs.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

# (hypotheses, references) -> matrix (hypotheses, references), higher is better; tensor or lists
Utility = Callable[[list[str], list[str]], Any]


class Choice(NamedTuple):
    """The chosen text, its (first) place among the candidates, and its expected utility."""

    text: str
    place: int
    utility: float


def mbr(candidates: Sequence[Sequence[str]], utility: Utility,
        weights: Sequence[Sequence[float]] | None = None) -> list[Choice]:
    """For each row of candidates the one of largest expected utility; the first of equals.

    Every candidate is also a reference, with the weight given (samples: none needed, as a text
    drawn often counts often; n-best lists: probabilities). Equal texts are compared once.
    Raises ValueError for a row without candidates, or weights that are no weights.
    """
    if weights is None:
        weights = [[1.0] * len(row) for row in candidates]
    if len(weights) != len(candidates):
        raise ValueError(f"{len(weights)} rows of weights for {len(candidates)} rows of candidates")
    rows = zip(candidates, weights, strict=True)
    return [choose(i, list(row), list(given), utility) for i, (row, given) in enumerate(rows)]


def choose(place: int, row: list[str], weights: list[float], utility: Utility) -> Choice:
    if not row:
        raise ValueError(f"row {place} has no candidates; mbr needs at least one")
    if len(weights) != len(row) or not all(0 <= w < math.inf for w in weights) or not sum(weights):
        raise ValueError(f"row {place}: {weights} are no weights for {len(row)} candidates; "
                         "give one for each, none negative, not all 0")
    mass: dict[str, float] = {}
    for text, weight in zip(row, weights, strict=True):
        mass[text] = mass.get(text, 0.0) + weight / sum(weights)
    texts = list(mass)
    gain = torch.as_tensor(utility(texts, texts), dtype=torch.float64, device="cpu")
    if gain.shape != (len(texts), len(texts)) or gain.isnan().any():
        raise ValueError(f"row {place}: the utility gave shape {tuple(gain.shape)} or NaN; "
                         f"{len(texts)} texts need numbers, {len(texts)} by {len(texts)}")
    expected = (gain @ torch.tensor(list(mass.values()), dtype=torch.float64)).tolist()
    best = max(range(len(texts)), key=expected.__getitem__)  # max keeps the first of equals
    return Choice(texts[best], row.index(texts[best]), expected[best])
