"""Training rows that are held-out rows up to small edits.

Two texts are near when their sets of character trigrams have a Jaccard similarity of 0.8 or more.
Candidates come from bit signatures (Sandes, Teodoro & Melo 2020, "Bitmap Filter: Speeding Up Exact
Set Similarity Joins with Bitwise Operations"): every trigram flips one bit, so two signatures
differ in at most as many bits as the sets in trigrams, and no near pair is lost. What passes is
verified.

Legend: `R` texts, `W` words of 64 bits in a signature.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from regard.data.doctor.base import Corpus, Finding
from regard.data.doctor.text import trigrams

NEAR = 0.8
_APART = (1 - NEAR) / (1 + NEAR)  # near sets x and y differ in at most this share of |x| + |y|
_FEWEST = 12  # distinct trigrams; in shorter texts a single letter decides
_WORDS = 8
_FILL = 64  # trigrams to a word: with many more, unlike texts come close by chance
_BITS = 32
_CHUNK = 20_000  # texts at a time, to bound memory


def _set(text: str) -> set[str]:
    padded = f" {text} "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


def jaccard(one: str, other: str) -> float:
    """Return the Jaccard similarity of the character trigrams of two texts."""
    left, right = _set(one), _set(other)
    return len(left & right) / max(1, len(left | right))


def _signatures(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return how many distinct trigrams each text has, (R,), and its signature, (W, R)."""
    sizes, bits = np.zeros(len(texts), np.int64), np.zeros((_WORDS, len(texts)), np.uint64)
    for start in range(0, len(texts), _CHUNK):
        chunk = texts[start : start + _CHUNK]
        owner, hashes = trigrams(chunk, _BITS)
        keys = np.sort(owner << _BITS | hashes)  # np.unique hashes, and takes ten times as long
        if not len(keys):
            continue
        keys = keys[np.append(True, keys[1:] != keys[:-1])]
        owner = keys >> _BITS
        sizes[start : start + len(chunk)] = np.bincount(owner, minlength=len(chunk))
        # three bits choose the word and six the bit: the top ones, which are the best mixed, and by
        # which the keys are sorted, so that those of one word stand together
        group = keys >> (_BITS - 3)
        flips = np.uint64(1) << (keys >> (_BITS - 9) & 63).astype(np.uint64)
        first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
        bits[group[first] & (_WORDS - 1), start + owner[first]] = np.bitwise_xor.reduceat(
            flips, first
        )
    return sizes, bits


def _folds(bits: np.ndarray) -> dict[int, np.ndarray]:
    """Return the signatures folded to 1, 2, 4 and all words; each trigram still flips one bit."""
    folds = {_WORDS: bits}
    for words in (4, 2, 1):
        twice = folds[2 * words]
        folds[words] = twice[:words] ^ twice[words:]
    return {words: np.ascontiguousarray(folds[words]) for words in sorted(folds)}


def matches(texts: Sequence[str], held_out: Sequence[str]) -> dict[int, tuple[int, float]]:
    """Return for each text that is near a held-out one: the nearest one's index, the similarity."""
    best: dict[int, tuple[int, float]] = {}
    sizes, bits = _signatures(texts)
    order = np.argsort(sizes, kind="stable")  # near sets have near sizes, which is now a slice
    sizes, folds = sizes[order], _folds(bits[:, order])
    held_sizes, held_bits = _signatures(held_out)
    held_folds = _folds(held_bits)
    for other, size in enumerate(held_sizes.tolist()):
        low = int(np.searchsorted(sizes, max(_FEWEST, NEAR * size - 1e-9)))
        high = int(np.searchsorted(sizes, size / NEAR + 1e-9, "right"))
        if size < _FEWEST or low >= high:
            continue
        limit = (sizes[low:high] + size) * _APART + 1e-9
        words = next((words for words in folds if words * _FILL >= size), _WORDS)
        own = held_folds[words][:, other, None]
        differing = np.bitwise_count(folds[words][:, low:high] ^ own)
        close = low + np.flatnonzero(differing.sum(axis=0, dtype=np.uint16) <= limit)
        for mine in order[close].tolist():
            likeness = jaccard(texts[mine], held_out[other])
            if likeness >= NEAR and likeness > best.get(mine, (0, 0.0))[1]:
                best[mine] = other, likeness
    return best


def find(corpus: Corpus) -> Iterator[Finding]:
    """Yield a `near leak` warning for each training row near a held-out source or target."""
    train, held_out = corpus.training, corpus.held_out
    if not held_out:
        return
    places = [
        f"line {line} of {split}"
        for split in held_out
        for line in range(1, len(corpus.splits[split]) + 1)
    ]
    lines = [row.line for row in corpus.live(train)]
    found: dict[int, str] = {}
    for side, name in enumerate(("source", "target")):
        keys = corpus.keys(train, side)
        held = [key for split in held_out for key in corpus.keys(split, side)]
        for mine, (other, likeness) in matches([keys[line - 1] for line in lines], held).items():
            found.setdefault(lines[mine], f"the {name} is {likeness:.0%} that of {places[other]}")
    for line, why in sorted(found.items()):
        yield corpus.finding("near leak", "warning", train, line, why, "drop")
