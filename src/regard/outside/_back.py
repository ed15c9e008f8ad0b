"""From a run of a checkpoint to a checkpoint again: config.json, weights, tokenizer."""

import json
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import nn

from regard.data.tokenizer.base import BOS, EOS, PAD
from regard.data.tokenizer.foreign import ForeignTokenizer
from regard.outside import base
from regard.train import checkpoint

OURS = {"pad_token_id": PAD, "bos_token_id": BOS, "eos_token_id": EOS}
UNSAID = {"pruned_heads"}  # of a Shape: only ever read


def write(model: nn.Module, recipe: Any, tokenizer: ForeignTokenizer, folder: Path) -> None:
    """Fill an empty folder. Raises UserError if the family has no counterpart of the recipe."""
    family, order = base.family(tokenizer.facts.family), tokenizer.order
    shape = family.shape(recipe, order)
    tensors = base.theirs(family.pairs(shape, order), checkpoint.named(model))
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    config = {
        "architectures": [family.CLASS], "model_type": tokenizer.facts.family,
        **{key: order.first[ours] for key, ours in OURS.items()},
        **shape.model_dump(mode="json", exclude=UNSAID),
    }  # fmt: skip
    reading = {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": recipe.data.max_length,
        "clean_up_tokenization_spaces": False, **tokenizer.facts.named,
    }  # fmt: skip
    for name, settings in (("config", config), ("tokenizer_config", reading)):
        (folder / f"{name}.json").write_text(json.dumps(settings, indent=1) + "\n", "utf-8")
    (folder / "tokenizer.json").write_text(tokenizer.model.to_str(), "utf-8")
