"""Our own search over the run's model with 8-bit weights: for machines where nothing is installed.

The folder holds the recipe, the tokenizers and model.safetensors with the weights of linear maps
already rounded to 8 bits; those are made again when it is opened.
"""

from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from regard import recipe as recipes
from regard.data.parallel import Codec
from regard.export._int8 import quantised, rounded
from regard.export._stepping import Stepping
from regard.models.seq2seq import Seq2Seq
from regard.recipe import UserError, kind_of
from regard.tasks import translate

PRECISIONS = ("int8",)
SCALE = ".scale"


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
    (folder / "recipe.yaml").write_text(recipes.dump(recipe), "utf-8")
    codec.save(folder / "tokenizer")


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

    return Stepping("own int8", start, small.step, min(ends, default=None), True)
