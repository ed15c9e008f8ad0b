"""The rows of a corpus as text, read once: outside Python's memory, on disk if they are many."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from regard.data.batching import Stretch
from regard.data.corpus.base import Row, blank
from regard.data.store import Shelf, Store

CHUNK = 10_000  # rows in Python's memory at once

class Texts:
    """Rows in the order they were read, without blank ones; `dropped` counts these."""

    def __init__(self, folder: Path | None = None):
        self.shelf, self.dropped = Shelf.nameless(np.uint8, folder), 0

    @classmethod
    def of(cls, rows: Iterable[Row], folder: Path | None = None) -> "Texts":
        """Read all rows; many are put on the disk of this folder, in files without a name."""
        texts = cls(folder)
        for chunk in chunks(rows, CHUNK):
            whole = [row for row in chunk if not blank(row)]
            texts.dropped += len(chunk) - len(whole)
            texts.shelf.add(Store.of_texts([part for row in whole for part in row]))
        return texts

    def __len__(self) -> int:
        return len(self.shelf) // len(Row._fields)

    def __iter__(self) -> Iterator[Row]:
        return self.rows([(0, len(self))])

    def rows(self, stretches: Sequence[Stretch]) -> Iterator[Row]:
        """The rows of these stretches, one after the other."""
        for start, stop in stretches:
            for at in range(start, stop, CHUNK):
                yield from self.chunk(at, min(at + CHUNK, stop))

    def chunk(self, start: int, stop: int) -> list[Row]:
        """The rows from `start` to before `stop`."""
        width = len(Row._fields)
        parts = self.shelf.read(start * width, stop * width).texts
        return [Row(*parts[i : i + width]) for i in range(0, len(parts), width)]

    def sample(self, most: int, seed: int) -> Iterable[Row]:
        """At most so many rows, evenly taken from all: the same for the same seed."""
        return self if len(self) <= most else Sample(self, most, seed)


class Sample:
    """Some rows of many, as often as they are asked for: one at random of each of `most` parts."""

    def __init__(self, texts: Texts, most: int, seed: int):
        edges = np.arange(most + 1) * len(texts) // most
        self.texts = texts
        self.numbers = np.random.default_rng(seed).integers(edges[:-1], edges[1:])  # ascending

    def __iter__(self) -> Iterator[Row]:
        for start in range(0, len(self.texts), CHUNK):
            rows = self.texts.chunk(start, min(start + CHUNK, len(self.texts)))
            first, last = np.searchsorted(self.numbers, (start, start + CHUNK))
            yield from (rows[i] for i in self.numbers[first:last] - start)


def chunks(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """The rows in lists of at most this length."""
    rows = iter(rows)
    while chunk := list(islice(rows, size)):
        yield chunk
