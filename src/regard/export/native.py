"""Our own search over the run's model with 8-bit weights: for machines where nothing is installed.

The folder holds the recipe, the tokenizers, and model.safetensors, in which every linear map has 8
bits; the output layer, which may be the embedding too, gets its own when the folder is opened.
"""

from copy import deepcopy
from pathlib import Path
from typing import Any, cast

from safetensors.torch import load_file, save_file
from torch import Tensor

from regard import recipe as recipes
from regard.data.parallel import Codec
from regard.export._int8 import Int8, quantised
from regard.export._stepping import Stepping, positions
from regard.models.seq2seq import Seq2Seq
from regard.recipe import UserError
from regard.search.base import Step
from regard.tasks import translate

PRECISIONS = ("int8",)
ROOM = 32  # tokens of an answer that have their place from the start


def refusal(recipe: translate.Config) -> str | None:
    """Every recipe can have it."""
    return None


def write(
    model: Seq2Seq, codec: Codec, recipe: translate.Config, folder: Path, precision: str
) -> None:
    """Fill an empty folder."""
    save_file(tensors(quantised(deepcopy(model).cpu())), folder / "model.safetensors")
    (folder / "recipe.yaml").write_text(recipes.dump(recipe), "utf-8")
    codec.save(folder / "tokenizer")


def tensors(model: Any) -> dict[str, Tensor]:
    """Weights by name, each once however often it is used."""
    found = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return {name: t.detach().contiguous() for name, t in found.items()}


def open(folder: Path, codec: Codec, threads: int) -> Stepping:
    """The engine in a folder that `write` has filled; PyTorch's threads are the whole process's."""
    return Small(folder, codec).engine("native int8")


class Small:
    """The model of a folder, its output layer in 8 bits too.

    Raises UserError if the weights are not those of the recipe.
    """

    def __init__(self, folder: Path, codec: Codec):
        self.recipe = cast(translate.Config, recipes.load(folder / "recipe.yaml"))
        self.model = cast(Seq2Seq, quantised(self.recipe.build(codec)))
        kept = load_file(folder / "model.safetensors")
        if kept.keys() != tensors(self.model).keys():
            raise UserError(f"{folder}: weights of another recipe; export the run again")
        self.model.load_state_dict(kept, strict=False)  # what is used twice is there once
        self.output = Int8.of(*self.model.head)

    def engine(self, name: str) -> Stepping:
        """It, under our search."""

        def start(source: Tensor, mask: Tensor) -> Any:
            return self.model.start(self.model.encode(source, mask), ROOM)

        return Stepping(name, start, self.step(self.output), positions(self.recipe), divides=True)

    def step(self, output: Int8, ids: Tensor | None = None) -> Step:
        """A step that ends in this output layer; what is fed to it are places among `ids`."""

        def step(tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
            hidden, state = self.model(tokens if ids is None else ids[tokens], state)
            return output(hidden[:, -1]).log_softmax(-1), state

        return step
