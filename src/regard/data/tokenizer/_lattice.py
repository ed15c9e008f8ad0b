"""Expected counts and best scores of pieces over all segmentations of many words at once, in NumPy.

Shapes: `N` words of one length, `L` that length in characters, `M` the longest piece, `V` pieces.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

LONGEST = 16  # characters of a piece


class Lattice:
    """Words cut in every possible way; an edge is a piece at a place in a word.

    Per length, `edges[n, end, k]` is the piece of k + 1 characters whose last one is `end`, or -1.
    """

    def __init__(self, words: Mapping[str, int], pieces: Iterable[str]):
        ids = {piece: i for i, piece in enumerate(pieces)}
        self.size = len(ids)
        groups = defaultdict(list)
        for place, (word, count) in enumerate(words.items()):
            groups[len(word)].append((place, word, count))
        self.places, self.counts, self.edges = [], [], []
        for length, group in groups.items():
            self.places.append([place for place, _, _ in group])
            self.counts.append(np.array([count for _, _, count in group], float))
            flat = [edge for _, word, _ in group for edge in find(word, ids)]
            self.edges.append(np.array(flat, np.int32).reshape(len(group), length, -1))

    def keep(self, stay: np.ndarray) -> None:
        """Leave only these pieces, whose new ids are their places in `stay`."""
        renamed = np.full(self.size + 1, -1, np.int32)  # the last entry is for -1
        renamed[stay] = np.arange(len(stay))
        self.edges = [renamed[edges] for edges in self.edges]
        self.size = len(stay)

    def expect(self, scores: np.ndarray) -> np.ndarray:
        """How often each piece is expected, (V,), when these are its log-probabilities (V,)."""
        expected = np.zeros(len(scores) + 1)
        for edges, counts in zip(self.edges, self.counts, strict=True):
            weight = np.append(scores, -np.inf)[edges]  # (N, L, M)
            ahead = forward(weight, np.logaddexp)  # (N, L + 1)
            behind = forward(mirror(weight), np.logaddexp)[:, ::-1]
            for k in range(edges.shape[2]):
                through = ahead[:, : -k - 1] + weight[:, k:, k] + behind[:, k + 1 :]  # (N, L - k)
                mass = np.exp(through - ahead[:, -1:]) * counts[:, None]
                expected += np.bincount(
                    edges[:, k:, k].ravel() % len(expected), mass.ravel(), len(expected)
                )
        return expected[:-1]

    def otherwise(self, scores: np.ndarray) -> np.ndarray:
        """The score of each word's best segmentation that is not the word itself, (N,).

        For words no longer than `LONGEST`; -inf where there is none.
        """
        found = np.empty(sum(map(len, self.places)))
        for places, edges in zip(self.places, self.edges, strict=True):
            weight = np.append(scores, -np.inf)[edges]
            weight[:, -1, -1] = -np.inf
            found[places] = forward(weight, np.maximum)[:, -1]
        return found


def find(word: str, ids: Mapping[str, int]) -> list[int]:
    """The edges of a word, (L, M) in a flat list."""
    width = min(len(word), LONGEST)
    return [
        ids.get(word[end - k - 1 : end], -1) if k < end else -1
        for end in range(1, len(word) + 1)
        for k in range(width)
    ]


def forward(weight: np.ndarray, join: np.ufunc) -> np.ndarray:
    """Score (N, L + 1) of all ways to reach each place from the left, joined by `join`."""
    number, length, width = weight.shape
    reach = np.full((number, length + 1), -np.inf)
    reach[:, 0] = 0
    for end in range(1, length + 1):
        for k in range(min(width, end)):
            way = reach[:, end - k - 1] + weight[:, end - 1, k]
            reach[:, end] = join(reach[:, end], way)
    return reach


def mirror(weight: np.ndarray) -> np.ndarray:
    """The same lattice read from the right: an edge then ends where it began."""
    turned = np.full_like(weight, -np.inf)
    for k in range(weight.shape[2]):
        turned[:, k:, k] = weight[:, k:, k][:, ::-1]
    return turned
