"""Word alignment: links read off attention, two directions joined, and the alignment error rate
(Och & Ney 2003, "A Systematic Comparison of Various Statistical Alignment Models", section 5).

A link `(i, j)` joins source word `i` to target word `j`, both counted from 0.
Legend: `T` target pieces, `S` source pieces, `I` source words, `J` target words.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

Link = tuple[int, int]
Links = set[Link]
_LINK = re.compile(r"(\d+)([-?])(\d+)")
_NEIGHBOURS = ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))


@dataclass(frozen=True)
class AER:
    """Alignment error rate, precision against possible links, recall of sure ones; all 0 to 1."""

    aer: float
    precision: float
    recall: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def aer(predicted: Sequence[Links], sure: Sequence[Links], possible: Sequence[Links]) -> AER:
    """Alignment error rate over all sentences together; sure links count as possible too."""
    if not len(predicted) == len(sure) == len(possible):
        raise ValueError(
            f"{len(predicted)} predicted alignments do not fit {len(sure)} sure and "
            f"{len(possible)} possible ones: each sentence needs one of each."
        )
    triples = list(zip(predicted, sure, possible, strict=True))
    found = sum(len(links) for links in predicted)
    wanted = sum(len(links) for links in sure)
    found_sure = sum(len(a & s) for a, s, _ in triples)
    found_possible = sum(len(a & (s | p)) for a, s, p in triples)
    return AER(
        aer=1 - (found_sure + found_possible) / (found + wanted) if found + wanted else 0.0,
        precision=found_possible / found if found else 1.0,
        recall=found_sure / wanted if wanted else 1.0,
    )


def parse_links(line: str) -> tuple[Links, Links]:
    """Sure and possible links of a line such as "0-0 1?2": i-j is sure, i?j possible.

    The possible links hold the sure ones. Raises ValueError for anything else in the line.
    """
    sure: Links = set()
    possible: Links = set()
    for word in line.split():
        link = _LINK.fullmatch(word)
        if not link:
            raise ValueError(
                f"{word!r} in {line!r} is no link: write 0-0 (sure) or 1?2 (possible)."
            )
        pair = (int(link[1]), int(link[3]))
        possible.add(pair)
        if link[2] == "-":
            sure.add(pair)
    return sure, possible


def words_from_attention(
    weights: np.ndarray,
    source_word_index: Sequence[int],
    target_word_index: Sequence[int],
    shift: int = 0,
) -> Links:
    """The source word each target word attends to most: weights (T, S) -> links.

    Row t holds the weights while piece t is predicted; `shift=1` reads the row after it, where the
    piece is the input. The indices say which word each piece belongs to, -1 for none (a target
    tag); rows and columns beyond them (the end of the sentence) belong to no word. A source word's
    pieces are summed, a target word's averaged. Raises ValueError if rows or columns are too few.
    """
    source, target = np.asarray(source_word_index, int), np.asarray(target_word_index, int)
    rows, columns = np.shape(weights)
    if shift < 0 or len(target) + shift > rows or len(source) > columns:
        raise ValueError(
            f"Weights of {rows} rows and {columns} columns do not fit {len(target)} target pieces "
            f"read with shift {shift} and {len(source)} source pieces."
        )
    source_words = np.unique(source[source >= 0])  # (I,)
    target_words = np.unique(target[target >= 0])  # (J,)
    if not len(source_words):
        return set()
    read = np.asarray(weights, float)[shift : shift + len(target), : len(source)]
    into = (source[:, None] == source_words).astype(float)  # (S, I)
    of = (target_words[:, None] == target).astype(float)  # (J, T)
    # a mean over a word's pieces is a sum as far as its largest entry is asked for
    best = (of @ read @ into).argmax(1)  # (J,)
    return {(int(source_words[i]), int(j)) for i, j in zip(best, target_words, strict=True)}


def symmetrise(
    forward: Links, backward: Links, how: Literal["grow-diag", "intersect", "union"] = "grow-diag"
) -> Links:
    """Join the links of both directions, both as (source, target)."""
    if how == "intersect":
        return forward & backward
    if how == "union":
        return forward | backward
    if how == "grow-diag":
        return _grow_diag(forward, backward)
    raise ValueError(
        f"There is no way {how!r} to symmetrise; there are grow-diag, intersect, union."
    )


def _grow_diag(forward: Links, backward: Links) -> Links:
    """From the intersection to neighbours in the union that align a new word (Koehn 2005)."""
    union, links = forward | backward, forward & backward
    sources, targets = {i for i, _ in links}, {j for _, j in links}
    places = sorted(union, key=lambda link: (link[1], link[0]))  # target by target, as in Moses
    grown = True
    while grown:
        grown = False
        for i, j in places:
            if (i, j) not in links:
                continue
            for right, down in _NEIGHBOURS:
                new = (i + right, j + down)
                fresh = new[0] not in sources or new[1] not in targets
                if new in union and new not in links and fresh:
                    links.add(new)
                    sources.add(new[0])
                    targets.add(new[1])
                    grown = True
    return links
