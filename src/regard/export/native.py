"""Our own search over the run's model in a form for use: for machines where nothing is installed.

The folder holds the recipe, the tokenizers, and model.safetensors. In int8 every linear map has 8
bits, in float32 its weights are laid out for the machine when the folder is opened; so is the
output layer, which may be the embedding too.
"""

from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from regard import recipe as recipes
from regard.data.parallel import Codec
from regard.export._int8 import Int8
from regard.export._packed import Packed
from regard.export._stepping import Stepping, positions
from regard.models.seq2seq import Seq2Seq
from regard.recipe import UserError
from regard.search.base import Step
from regard.tasks import translate

FORMS: dict[str, Any] = {"int8": Int8, "float32": Packed}  # of a linear map
PRECISIONS = tuple(FORMS)
ROOM = 32  # tokens of an answer that have their place from the start


def refusal(recipe: translate.Config) -> str | None:
    """Every recipe can have it."""
    return None


def write(
    model: Seq2Seq, codec: Codec, recipe: translate.Config, folder: Path, precision: str
) -> None:
    """Fill an empty folder."""
    save_file(
        tensors(formed(deepcopy(model).cpu(), FORMS[precision])), folder / "model.safetensors"
    )
    (folder / "recipe.yaml").write_text(recipes.dump(recipe), "utf-8")
    codec.save(folder / "tokenizer")


def formed(model: nn.Module, form: Any) -> nn.Module:
    """The model itself, with every `nn.Linear` in this form; embeddings stay."""
    for part in list(model.modules()):
        for name, child in list(part.named_children()):
            if type(child) is nn.Linear:
                setattr(part, name, form.of(child.weight, child.bias))
    return model.eval()


def tensors(model: Any) -> dict[str, Tensor]:
    """Weights by name, each once however often it is used."""
    found = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return {name: t.detach().contiguous() for name, t in found.items()}


def open(folder: Path, codec: Codec, threads: int) -> Stepping:
    """The engine in a folder that `write` has filled; PyTorch's threads are the whole process's."""
    return Formed(folder, codec).engine("native")


class Formed:
    """The model of a folder, ready for use, and its output layer.

    Raises UserError if the weights are not those of the recipe.
    """

    def __init__(self, folder: Path, codec: Codec):
        self.recipe = cast(translate.Config, recipes.load(folder / "recipe.yaml"))
        kept = load_file(folder / "model.safetensors")
        bits = any(t.dtype == torch.int8 for t in kept.values())
        self.precision = "int8" if bits else "float32"
        form = FORMS[self.precision]
        self.model = cast(Seq2Seq, formed(self.recipe.build(codec), form))
        if kept.keys() != tensors(self.model).keys():
            raise UserError(f"{folder}: weights of another recipe; export the run again")
        self.model.load_state_dict(kept, strict=False)  # what is used twice is there once
        for part in self.model.modules():
            if isinstance(part, form):
                part.ready()
        self.output = form.of(*self.model.head).ready()

    def engine(self, kind: str) -> Stepping:
        """It, under our search."""

        def start(source: Tensor, mask: Tensor) -> Any:
            return self.model.start(self.model.encode(source, mask), ROOM)

        name = f"{kind} {self.precision}"
        return Stepping(name, start, self.step(self.output), positions(self.recipe), divides=True)

    def step(self, output: Any, ids: Tensor | None = None) -> Step:
        """A step that ends in this output layer; what is fed to it are places among `ids`."""

        def step(tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
            hidden, state = self.model(tokens if ids is None else ids[tokens], state)
            return output(hidden[:, -1]).log_softmax(-1), state

        return step
