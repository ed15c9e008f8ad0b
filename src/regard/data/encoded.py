"""A corpus as token ids: cut afresh when asked for (`Fresh`), or once, into files (`Kept`)."""

import hashlib
import json
import os
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from regard.data.batching import Stretch
from regard.data.codec import Codec
from regard.data.store import Shelf, Store
from regard.data.texts import CHUNK, Texts, chunks

if TYPE_CHECKING:
    from regard.data.parallel import Config

FORMAT = 1
SIDES = ("source", "target")
ABOUT = "about.json"
DRAWN = 1 << 16  # rows that share the draws of tokenizer dropout: rare words are drawn once for all

Pair = tuple[Store, Store]  # source and target ids of the same rows


class Encoded(Protocol):
    """Rows by number; `dropped` were left out as a side was blank."""

    dropped: int

    def __len__(self) -> int: ...

    def read(self, stretches: Sequence[Stretch], key: str) -> Pair:
        """The rows of these stretches; what chance decides is a function of `key`."""
        ...


class Fresh:
    """Text is kept, and cut into tokens each time: with dropout it is cut otherwise each time."""

    def __init__(self, texts: Texts, codec: Codec):
        self.texts, self.codec, self.dropped = texts, codec, texts.dropped

    def __len__(self) -> int:
        return len(self.texts)

    def read(self, stretches: Sequence[Stretch], key: str) -> Pair:
        """See `Encoded`."""
        rngs = [random.Random(f"{key} {side}") for side in (0, 1)]
        kinds, parts = kinds_of(self.codec), []
        size = DRAWN if dropout(self.codec) else CHUNK
        for chunk in chunks(self.texts.rows(stretches), size):
            rows = [self.codec.masks.row(row, key) for row in chunk]
            sources, targets, directions = zip(*rows, strict=True)
            source = Store.of(self.codec.sources(sources, directions, rngs[0]), kinds[0])
            said = self.codec.targets(targets, rngs[1], directions)
            parts.append((source, Store.of(said, kinds[1])))
        source, target = (Store.joined(side) for side in zip(*parts, strict=True))
        return source, target


class Kept:
    """Token ids in files, for a corpus of which only a block at a time is in memory."""

    def __init__(self, shelves: Sequence[Shelf], dropped: int):
        self.shelves, self.dropped = shelves, dropped

    @classmethod
    def of(cls, fresh: Fresh, shelves: Sequence[Shelf]) -> "Kept":
        """Cut all rows, a chunk at a time, onto these shelves."""
        for start in range(0, len(fresh), CHUNK):
            pair = fresh.read([(start, min(start + CHUNK, len(fresh)))], "")
            for shelf, side in zip(shelves, pair, strict=True):
                shelf.add(side)
        return cls(shelves, fresh.dropped)

    def __len__(self) -> int:
        return len(self.shelves[0])

    def read(self, stretches: Sequence[Stretch], key: str) -> Pair:
        """See `Encoded`; nothing here is left to chance."""
        source, target = (
            Store.joined([shelf.read(*stretch) for stretch in stretches]) for shelf in self.shelves
        )
        return source, target

    def about(self, mark: str) -> dict:
        """What tells whether files are whole, and of which corpus."""
        numbers = [shelf.numbers for shelf in self.shelves]
        return {"mark": mark, "rows": len(self), "tokens": numbers, "dropped": self.dropped}


def dropout(codec: Codec) -> bool:
    """Are words cut otherwise each time?"""
    return max(codec.source.facts.dropout, codec.target.facts.dropout) > 0


def kinds_of(codec: Codec) -> list[type]:
    """The narrowest number that holds every id of either side."""
    sizes = (codec.source.size, codec.target.size)
    return [np.uint16 if size <= 1 << 16 else np.int32 for size in sizes]


def keep(fresh: Fresh, folder: Path | None, mark: str) -> Kept:
    """Cut a corpus into files of this folder, which appears only complete; or into nameless ones.

    Raises OSError if the disk is full.
    """
    kinds = kinds_of(fresh.codec)
    if folder is None:
        return Kept.of(fresh, [Shelf.nameless(kind) for kind in kinds])
    aside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)  # what a killed writer left
    aside.mkdir(parents=True)
    try:
        places = zip(SIDES, kinds, strict=True)
        shelves = [Shelf.at(aside / side, kind, new=True) for side, kind in places]
        kept = Kept.of(fresh, shelves)
        for shelf in shelves:
            shelf.flush()
        (aside / ABOUT).write_text(json.dumps(kept.about(mark)), "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return kept


def find(folder: Path, codec: Codec, mark: str) -> Kept | None:
    """What `keep` left in a folder, if it is whole and of this corpus."""
    try:
        about = json.loads((folder / ABOUT).read_text("utf-8"))
        kinds = zip(SIDES, kinds_of(codec), strict=True)
        kept = Kept([Shelf.at(folder / side, kind) for side, kind in kinds], about["dropped"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kept if kept.about(mark) == about else None


def mark(config: "Config", codec: Codec) -> str:
    """Another one for another corpus, other settings or other tokenizers; files are read for it."""
    known = [str(FORMAT), config.model_dump_json(exclude={"protect"})]  # tokenizers tell that
    known += [side.model.to_str() for side in (codec.source, codec.target)]
    for path in config.files("train"):
        with path.open("rb") as file:
            known.append(hashlib.file_digest(file, "sha256").hexdigest())
    return hashlib.sha256("\n".join(known).encode()).hexdigest()
