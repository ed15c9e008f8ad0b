"""A translator that came from outside, given back as it came: its own family, names and ids.

`B` rows, `N` sentences, `S` source tokens, `V` vocabulary.
"""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from regard.data.parallel import Codec
from regard.export._stepping import Stepping
from regard.models.seq2seq import Seq2Seq
from regard.outside import base
from regard.outside._translating import KEEP
from regard.recipe import UserError
from regard.tasks import translate


def write(model: Seq2Seq, codec: Codec, recipe: translate.Config, folder: Path) -> None:
    """Fill an empty folder: weights under their names, and the files of the checkpoint.

    Raises UserError if those are gone, or training has left the family.
    """
    facts: Any = codec.source.facts
    kept = (codec.home or folder) / KEEP
    if not (kept / "config.json").exists():
        raise UserError(f"{kept}: config.json is gone; import the checkpoint again")
    family: Any = base.family(facts.family)
    sides: list[Any] = [codec.source] + [codec.target] * (codec.target is not codec.source)
    config = json.loads((kept / "config.json").read_text("utf-8"))
    said = {key: value for key, value in config.items() if value is not None}
    was = base.shape_of(family, said, str(kept / "config.json"))
    own = family.shape(recipe, sides[0].order)
    changed = {name: getattr(own, name) for name in own.model_fields_set}
    shape = was.model_copy(update={**family.lasting(was), **changed})
    pairs = family.pairs(shape, *(side.order for side in sides))
    tensors = base.theirs(pairs, recipe.tuning.plain(model.state_dict()))
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    for file in sorted(kept.iterdir()):
        shutil.copyfile(file, folder / file.name)
    told = {k: v for k, v in changed.items() if k in config and k != "tie_word_embeddings"}
    text = json.dumps({**config, **told, "architectures": [family.CLASS]}, indent=1)
    (folder / "config.json").write_text(text + "\n", "utf-8")


def open(model: Any, codec: Codec, steps: Any) -> Stepping:
    """Their model under our own search, ids translated on the way."""
    theirs = Theirs(steps, codec)
    positions = getattr(model.config, "max_position_embeddings", None)
    return Stepping("hf float32", theirs.start, theirs.step, positions, lead=codec.lead)


class Theirs:
    """Steps of a model that has its own ids, told in ours."""

    def __init__(self, steps: Any, codec: Codec):
        source, target = (side.order for side in (codec.source, codec.target))  # type: ignore[attr-defined]
        self.steps, self.source = steps, torch.from_numpy(source.theirs)
        self.target, self.copies = torch.from_numpy(target.theirs), torch.from_numpy(target.copies)

    def start(self, source: Tensor, mask: Tensor) -> Any:
        """One row a sentence (N S), nothing written yet."""
        return self.steps.start(self.source[source], mask)

    def step(self, tokens: Tensor, rows: Any) -> tuple[Tensor, Any]:
        """Log-probabilities (B V) of what follows tokens (B 1)."""
        found, rows = self.steps.step(self.target[tokens], rows)
        made = found[:, self.target]
        made[:, self.copies] = -math.inf
        return made, rows
