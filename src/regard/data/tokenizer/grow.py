"""More pieces for a tokenizer that is there: what it has keeps its id.

A text in which no new piece occurs is cut as before, and still no text is ever lost.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import tokenizers
from tokenizers.models import BPE, Unigram

from regard.data.tokenizer.base import ANY_RESERVED, UNK, Tokenizer, reserve
from regard.recipe import UserError

OFTEN = 2  # a piece is worth its place from so many occurrences on
AHEAD = 0.1  # nats by which a new piece of a unigram model beats what it was cut into
UNKNOWN = 10.0  # nats by which `tokenizers` puts an unknown character behind the rarest piece

Words = dict[str, int]  # as the tokenizer cuts them apart, and how often each occurs


class Grown(NamedTuple):
    """The larger tokenizer, and for each new piece the old ids that spelt it."""

    tokenizer: Tokenizer
    spelt: list[list[int]]


def grow(tokenizer: Tokenizer, texts: Iterable[str], most: int) -> Grown:
    """At most so many new pieces, for what these texts hold often and in many pieces.

    BPE goes on where its training ended: characters that have no piece yet, then further merges.
    Raises UserError for a tokenizer that has no pieces to add to.
    """
    kind = tokenizer.facts.kind
    if kind == "foreign":
        raise UserError("grow: this run's vocabulary is a checkpoint's own; leave it at 0")
    if kind == "byte":
        raise UserError("grow: this run cuts text into bytes, which are all there; leave it at 0")
    written = (part for text in texts for part in ANY_RESERVED.split(tokenizer.write(text))[::2])
    if kind == "unigram":
        return whole_words(tokenizer, words(tokenizer, written), most)
    cut = words(tokenizer, written)
    letters = characters(tokenizer, cut, most)
    with_letters = rebuilt(tokenizer, list(letters), [])
    if kind == "char":
        return Grown(with_letters, list(letters.values()))
    found = merges(with_letters, cut, most - len(letters))
    made = dict(zip(with_letters.names, ([i] for i in range(with_letters.size)), strict=True))
    made |= letters
    for left, right in found:
        made[left + right] = made[left] + made[right]
    pieces = [*letters, *(left + right for left, right in found)]
    return Grown(rebuilt(tokenizer, pieces, found), [made[piece] for piece in pieces])


def words(tokenizer: Tokenizer, written: Iterable[str]) -> Words:
    """What no piece crosses, counted; where nothing is cut, each character is one."""
    cutter = tokenizer.model.pre_tokenizer
    counts: Counter[str] = Counter()
    for text in written:
        counts.update((w for w, _ in cutter.pre_tokenize_str(text)) if cutter else text)
    return dict(counts)


def characters(tokenizer: Tokenizer, cut: Words, most: int) -> dict[str, list[int]]:
    """The characters that are written as bytes now, most frequent first, and these bytes."""
    known, counts = set(tokenizer.names), Counter[str]()
    for word, n in cut.items():
        for character in word:
            counts[character] += n * (character not in known)
    often = sorted((-n, c) for c, n in counts.items() if n >= OFTEN)[:most]
    first = len(tokenizer.facts.specials)
    return {c: [first + byte for byte in c.encode()] for _, c in often}


def merges(tokenizer: Tokenizer, cut: Words, most: int) -> list[tuple[str, str]]:
    """The merges that BPE would learn next, the words being cut as they are now.

    None makes a piece that there is: text without it would be cut otherwise.
    """
    now = [[token.value for token in tokenizer.model.model.tokenize(word)] for word in cut]
    times, known = list(cut.values()), set(tokenizer.names)
    apart = set(reserve(tokenizer.facts.specials))  # a byte is no character to build on
    counts: Counter[tuple[str, str]] = Counter()
    places: dict[tuple[str, str], set[int]] = defaultdict(set)

    def count(i: int, sign: int) -> None:
        for pair in pairwise(now[i]):
            counts[pair] += sign * times[i]
            places[pair].add(i)

    for i in range(len(now)):
        count(i, 1)
    found: list[tuple[str, str]] = []
    while len(found) < most:
        fit = ((-n, p) for p, n in counts.items()
               if n >= OFTEN and "".join(p) not in known and not apart & {*p})  # fmt: skip
        best = min(fit, default=None)
        if best is None:
            break
        pair = best[1]
        for i in places.pop(pair):
            count(i, -1)
            now[i] = joined(now[i], pair)
            count(i, 1)
        found.append(pair)
        known.add("".join(pair))
    return found


def joined(pieces: Sequence[str], pair: tuple[str, str]) -> list[str]:
    """The pieces, this pair being one wherever it stands."""
    found: list[str] = []
    at = 0
    while at < len(pieces):
        width = 2 if tuple(pieces[at : at + 2]) == pair else 1
        found.append("".join(pieces[at : at + width]))
        at += width
    return found


def rebuilt(
    tokenizer: Tokenizer, pieces: Sequence[str], more: Sequence[tuple[str, str]]
) -> Tokenizer:
    """The BPE tokenizer with pieces and merges behind those that it has."""
    learnt = json.loads(tokenizer.model.to_str())["model"]["merges"]
    vocab = {name: i for i, name in enumerate([*tokenizer.names, *pieces])}
    old = [(left, right) for left, right in learnt]
    model = tokenizers.Tokenizer(BPE(vocab=vocab, merges=[*old, *more], byte_fallback=True))
    if tokenizer.model.pre_tokenizer is not None:
        model.pre_tokenizer = tokenizer.model.pre_tokenizer
    return Tokenizer(model, tokenizer.facts)


def whole_words(tokenizer: Tokenizer, cut: Words, most: int) -> Grown:
    """A unigram model with words as pieces, those first that spare most.

    A word's score is the logarithm of its share, or what beats the pieces it was cut into.
    """
    vocab = [
        (name, score) for name, score in json.loads(tokenizer.model.to_str())["model"]["vocab"]
    ]
    reserved, scores = len(reserve(tokenizer.facts.specials)), [score for _, score in vocab]
    lowest, known = min(scores), set(tokenizer.names)
    spelt = {word: [t.id for t in tokenizer.model.model.tokenize(word)] for word in cut}
    total = sum(n * len(spelt[word]) for word, n in cut.items())
    often = [w for w, n in cut.items() if n >= OFTEN and len(spelt[w]) > 1 and w not in known]
    often = sorted(often, key=lambda w: (-cut[w] * (len(spelt[w]) - 1), w))[:most]
    new = []
    for word in often:
        parts = [lowest - UNKNOWN if i < reserved else scores[i] for i in spelt[word]]
        new.append((word, max(math.log(cut[word] / total), sum(parts) + AHEAD, lowest)))
    model = tokenizers.Tokenizer(Unigram([*vocab, *new], UNK, byte_fallback=True))
    model.pre_tokenizer = tokenizer.model.pre_tokenizer
    return Grown(Tokenizer(model, tokenizer.facts), [spelt[word] for word in often])
