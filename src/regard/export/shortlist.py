"""The export `native` with a lexical shortlist: a batch writes only what its sources call for.

The candidates are learnt from the run's training text, which must be there when it is made.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from regard.data.parallel import Codec
from regard.export import native
from regard.export._shortlist import PAIRS, Shortlist, lexicon
from regard.export._stepping import Stepping
from regard.models.seq2seq import Seq2Seq
from regard.tasks import translate

PRECISIONS = native.PRECISIONS
LISTS = "shortlist.safetensors"
CHUNK = 4096  # rows

refusal = native.refusal


def write(
    model: Seq2Seq, codec: Codec, recipe: translate.Config, folder: Path, precision: str
) -> None:
    """Fill an empty folder. Raises UserError if the training text is not there."""
    native.write(model, codec, recipe, folder, precision)
    found = lexicon(pairs(recipe, codec), codec.source.size, codec.target.size)
    save_file({name: torch.from_numpy(array) for name, array in found.items()}, folder / LISTS)


def pairs(recipe: translate.Config, codec: Codec) -> Iterator[tuple[list[int], list[int]]]:
    """Token ids of the first training rows, read a chunk at a time."""
    rows = (codec.masks.row(row, "") for row in islice(recipe.data.stream("train"), PAIRS))
    while chunk := list(islice(rows, CHUNK)):
        sources = codec.sources([r.source for r in chunk], [r.direction for r in chunk])
        yield from zip(sources, codec.targets([r.target for r in chunk]), strict=True)


def open(folder: Path, codec: Codec, threads: int) -> Stepping:
    """The engine in a folder that `write` has filled; PyTorch's threads are the whole process's."""
    small, lists = native.Formed(folder, codec), load_file(folder / LISTS)
    engine = small.engine("shortlist")
    engine.shortlist = Shortlist(
        lists["best"], lists["often"], len(codec.target.facts.specials),
        lambda ids: small.step(small.output.only(ids), ids),
    )  # fmt: skip
    return engine
