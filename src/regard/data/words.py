"""Sentences of words as an encoder reads them: which token begins each word, long ones cut.

`N` rows, `S` tokens, `M` words of all rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from regard.data.reading import Batch, Frame, collate
from regard.data.tokenizer.base import BOS, EOS, Tokenizer


class Piece(NamedTuple):
    """A sentence, or as much of it as fits: its ids with bos and eos, and where its words begin."""

    row: int
    ids: list[int]
    first: list[int]


@dataclass
class Words(Batch):
    """Padded pieces."""

    first: Tensor  # M 2: row and place of the token that begins each word


def pieces(tokenizer: Tokenizer, texts: Sequence[str], longest: int) -> list[Piece]:
    """The sentences, in order, each in as many pieces as its length asks for.

    A word that alone is too long loses its end.
    """
    found = []
    for row, (text, ids) in enumerate(zip(texts, tokenizer.encode(texts), strict=True)):
        number = tokenizer.word_index(text, ids)
        words = len(text.split())
        begin = np.searchsorted(number, np.arange(words)).clip(max=max(len(ids) - 1, 0)).tolist()
        for start, stop in stretches([*begin, len(ids)], longest - 2):
            cut = ids[begin[start] : [*begin, len(ids)][stop]][: longest - 2]
            first = [at - begin[start] + 1 for at in begin[start:stop]]
            found.append(Piece(row, [BOS, *cut, EOS], first))
    return found


def stretches(edges: Sequence[int], room: int) -> list[tuple[int, int]]:
    """The words of each piece: as many as have room, one at least; `edges` are their beginnings and
    the last one's end.
    """
    found, start = [], 0
    for word in range(1, len(edges)):
        if word - start > 1 and edges[word] - edges[start] > room:
            found.append((start, word - 1))
            start = word - 1
    return [*found, (start, len(edges) - 1)] if len(edges) > 1 else []


def collated(chosen: Sequence[Piece]) -> Words:
    """Pieces of unequal length, padded on the right."""
    read = collate([Frame(piece.ids, len(piece.ids)) for piece in chosen])
    first = [(row, at) for row, piece in enumerate(chosen) for at in piece.first]
    return Words(read.tokens, read.ok, read.segments, torch.tensor(first).reshape(-1, 2))
