"""The prepared corpus as a peer's script reads it. Standard library only, as `clock.py`.

Ids are those of our tokenizer: pad 0, bos 1, eos 2, unk 3, then bytes and pieces.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

PAD, BOS, EOS = 0, 1, 2
Row = tuple[list[int], list[int]]  # source and target ids, each with eos


def side(settings: dict[str, Any], split: str, name: str) -> list[list[int]]:
    """The `src` or `tgt` ids of a split, without eos."""
    path = Path(settings["data"], "tokens", f"{split}.{name}")
    lines = path.read_text("utf-8").splitlines()
    return [[int(word[1:]) for word in line.split()] for line in lines]


def rows(settings: dict[str, Any], split: str) -> list[Row]:
    """Both sides of a split."""
    both = zip(side(settings, split, "src"), side(settings, split, "tgt"), strict=True)
    return [([*source, EOS], [*target, EOS]) for source, target in both]


def batches(rows: list[Row], budget: int) -> list[list[int]]:
    """Numbers of rows in batches of like length; longest side times rows within the budget."""
    longest = [max(map(len, row)) for row in rows]
    found: list[list[int]] = []
    batch: list[int] = []
    for i in sorted(range(len(rows)), key=lambda i: (longest[i], len(rows[i][1]))):
        if batch and (len(batch) + 1) * longest[i] > budget:
            found.append(batch)
            batch = []
        batch.append(i)
    return [*found, batch] if batch else found


def endless(batches: list[list[int]], seed: int) -> Iterator[list[int]]:
    """Epoch after epoch, each in another order."""
    random = Random(seed)
    while True:
        random.shuffle(batches)
        yield from batches
