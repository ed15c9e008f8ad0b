"""Rows of numbers, end to end in a flat array: `Store` in memory, `Shelf` in files.

`N` rows, `B` rows of a batch, `T` the longest row of a batch.
"""

import os
import weakref
from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Self

import numpy as np

SMALL = 16 << 20  # bytes of a file without a name that need no disk
PLACE = np.dtype(np.int64)  # where a row begins, counted in numbers


class Store:
    """Rows in one flat array: 8 bytes a row beside the numbers, and nothing for Python to count."""

    def __init__(self, flat: np.ndarray, offsets: np.ndarray):
        self.flat, self.offsets = flat, offsets  # (numbers,), (N + 1,) int64

    @classmethod
    def of(cls, rows: Iterable[Sequence[int]], dtype: Any = np.int32) -> Self:
        """Pack rows of numbers; they are read once, one at a time."""
        flat, offsets = array(np.dtype(dtype).char), array("q", [0])
        for row in rows:
            flat.extend(row)
            offsets.append(len(flat))
        return cls(np.array(flat, dtype), np.array(offsets, PLACE))

    @classmethod
    def of_texts(cls, texts: Iterable[str]) -> Self:
        """Pack texts as their bytes in UTF-8."""
        spelt = [text.encode() for text in texts]
        offsets = np.cumsum([0, *map(len, spelt)], dtype=PLACE)
        return cls(np.frombuffer(b"".join(spelt), np.uint8), offsets)

    @classmethod
    def joined(cls, parts: Sequence["Store"]) -> Self:
        """The rows of several, one after the other."""
        ends = np.cumsum([0, *(len(part.flat) for part in parts)], dtype=PLACE)
        shifted = [p.offsets[:-1] + start for p, start in zip(parts, ends, strict=False)]
        return cls(np.concatenate([p.flat for p in parts]), np.concatenate([*shifted, ends[-1:]]))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> np.ndarray:
        if not -len(self) <= i < len(self):
            raise IndexError(f"row {i} of {len(self)}")
        i %= len(self)
        return self.flat[self.offsets[i] : self.offsets[i + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """Numbers of each row, (N,)."""
        return np.diff(self.offsets)

    @property
    def texts(self) -> list[str]:
        """The rows that `of_texts` packed."""
        data = self.flat.tobytes()
        return [data[start:end].decode() for start, end in pairwise(self.offsets.tolist())]

    def padded(self, rows: np.ndarray) -> np.ndarray:
        """These rows, filled up on the right with zeros: (B, T) int64."""
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        at = np.arange(lengths.max(initial=0))
        inside = at < lengths[:, None]
        filled = np.zeros(inside.shape, np.int64)
        filled[inside] = self.flat[(starts[:, None] + at)[inside]]
        return filled


class Shelf:
    """Rows in two files, numbers and where each row begins: added at the end, read in stretches.

    A stretch is read into memory and not mapped: the pages of a mapped file count as memory in use
    once they are touched, so a shuffled pass over it would seem to need room for the whole corpus.
    """

    def __init__(self, flat: IO[bytes], offsets: IO[bytes], dtype: Any):
        self.flat, self.offsets, self.dtype = flat, offsets, np.dtype(dtype)
        weakref.finalize(self, close, flat, offsets)
        if not offsets.seek(0, os.SEEK_END):
            offsets.write(PLACE.type(0).tobytes())

    @classmethod
    def nameless(cls, dtype: Any, folder: Path | None = None) -> Self:
        """One that ends with the process: in memory while small, then on the folder's disk."""
        where = None if folder is None else str(folder)
        files = [SpooledTemporaryFile(SMALL, dir=where) for _ in range(2)]  # noqa: SIM115
        return cls(files[0], files[1], dtype)

    @classmethod
    def at(cls, path: Path, dtype: Any, new: bool = False) -> Self:
        """One in `<path>.tokens` and `<path>.offsets`. Raises OSError if it cannot be opened."""
        mode = "w+b" if new else "rb"
        files = [path.with_suffix(end).open(mode) for end in (".tokens", ".offsets")]
        return cls(files[0], files[1], dtype)

    def __len__(self) -> int:
        return self.offsets.seek(0, os.SEEK_END) // PLACE.itemsize - 1

    @property
    def numbers(self) -> int:
        """How many numbers all rows have together."""
        return self.flat.seek(0, os.SEEK_END) // self.dtype.itemsize

    def add(self, rows: Store) -> None:
        """Put rows behind those that are there."""
        offsets = rows.offsets[1:] + self.numbers  # leaves both files at their ends
        self.flat.write(rows.flat.astype(self.dtype, copy=False).data)
        self.offsets.seek(0, os.SEEK_END)
        self.offsets.write(offsets.data)

    def read(self, start: int, stop: int) -> Store:
        """The rows from `start` to before `stop`, in memory."""
        self.offsets.seek(start * PLACE.itemsize)
        found = self.offsets.read((stop - start + 1) * PLACE.itemsize)
        offsets = np.frombuffer(found, PLACE)
        self.flat.seek(int(offsets[0]) * self.dtype.itemsize)
        flat = self.flat.read(int(offsets[-1] - offsets[0]) * self.dtype.itemsize)
        return Store(np.frombuffer(flat, self.dtype), offsets - offsets[0])

    def flush(self) -> None:
        """Make what was added survive a power cut."""
        for file in (self.flat, self.offsets):
            file.flush()
            os.fsync(file.fileno())


def close(*files: IO[bytes]) -> None:
    """Close all."""
    for file in files:
        file.close()
