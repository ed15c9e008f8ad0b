"""Our own search over the run's model with 8-bit weights: for machines where nothing is installed.

int8-shortlist also leaves out of each batch's vocabulary what its sources do not call for; the
candidates are learnt from the run's training text, which must be there when the export is made.
The folder holds the recipe, the tokenizers and model.safetensors with the weights of linear maps
already rounded to 8 bits; those are made again when it is opened.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from regard import recipe as recipes
from regard.data.parallel import Codec
from regard.export._int8 import Int8, quantised, rounded
from regard.export._shortlist import PAIRS, Shortlist, lexicon
from regard.export._stepping import Stepping
from regard.models.seq2seq import Seq2Seq
from regard.recipe import UserError, kind_of
from regard.search.base import Step
from regard.tasks import translate

PRECISIONS = ("int8", "int8-shortlist")
SCALE, LISTS = ".scale", "shortlist.safetensors"
CHUNK = 4096  # rows


def refusal(recipe: translate.Config) -> str | None:
    """Every recipe can have it."""
    return None


def write(
    model: Seq2Seq, codec: Codec, recipe: translate.Config, folder: Path, precision: str
) -> None:
    """Fill an empty folder."""
    linear = {f"{n}.weight" for n, part in model.named_modules() if type(part) is nn.Linear}
    tensors: dict[str, Tensor] = {}
    for name, t in model.state_dict().items():
        if name in linear:
            tensors[name], tensors[name + SCALE] = rounded(t.float())
        else:
            tensors[name] = t.clone()
    save_file(tensors, folder / "model.safetensors")
    if precision != PRECISIONS[0]:
        found = lexicon(pairs(recipe, codec), codec.source.size, codec.target.size)
        lists = {name: torch.from_numpy(array) for name, array in found.items()}
        save_file(lists, folder / LISTS)
    (folder / "recipe.yaml").write_text(recipes.dump(recipe), "utf-8")
    codec.save(folder / "tokenizer")


def pairs(recipe: translate.Config, codec: Codec) -> Iterator[tuple[list[int], list[int]]]:
    """Token ids of the first training rows, a chunk at a time.

    Raises UserError if the corpus is not there.
    """
    rows = islice(recipe.data.stream("train"), PAIRS)
    while chunk := list(islice(rows, CHUNK)):
        sources = codec.sources([r.source for r in chunk], [r.direction for r in chunk])
        yield from zip(sources, codec.targets([r.target for r in chunk]), strict=True)


def open(folder: Path, codec: Codec, threads: int) -> Stepping:
    """The engine in a folder that `write` has filled; PyTorch's threads are the whole process's."""
    recipe = recipes.load(folder / "recipe.yaml")
    if not isinstance(recipe, translate.Config):
        raise UserError(f"{folder}: its recipe is of another task; export the run again")
    kept = load_file(folder / "model.safetensors")
    whole = {n: t * kept[n + SCALE] if n + SCALE in kept else t
             for n, t in kept.items() if not n.endswith(SCALE)}  # fmt: skip
    model = recipe.build(codec)
    model.load_state_dict(whole)
    small = quantised(model)
    ends = [s.position.length for s in (recipe.model.encoder, recipe.model.decoder)
            if kind_of(getattr(s, "position", recipe)) == "learned"]  # fmt: skip

    def start(source: Tensor, mask: Tensor) -> object:
        return small.start(small.encode(source, mask))

    most = min(ends, default=None)
    if not (folder / LISTS).exists():
        return Stepping("own int8", start, small.step, most, True)
    output, lists = Int8(*small.head), load_file(folder / LISTS)
    listed = Shortlist(lists["best"], lists["often"], len(codec.target.facts.specials))

    def step_of(ids: Tensor) -> Step:
        some = output.only(ids)

        def step(tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
            hidden, state = small(ids[tokens], state)
            return some(hidden[:, -1]).log_softmax(-1), state

        return step

    return Stepping("own int8-shortlist", start, step_of, most, True, listed)
