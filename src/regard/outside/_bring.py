"""From a checkpoint to a run: its recipe, its tokenizer, its weights, where it is from."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from regard import recipe as recipes
from regard.data.tokenizer.base import SPECIALS
from regard.data.tokenizer.foreign import Foreign, ForeignTokenizer
from regard.outside import _translating, base
from regard.outside._source import Source
from regard.outside.base import Family
from regard.recipe import UserError
from regard.run import Run, whole, whole_folder
from regard.train import card, checkpoint

Tell = Callable[[str], object]


def bring(
    name: str | Path, out: str | Path | None = None, task: str | None = None,
    tell: Tell = lambda text: None, directions: Sequence[str] = (),
) -> Run:  # fmt: skip
    """The run in the folder `out` that a checkpoint becomes; `directions` are for translators.

    Raises UserError if it cannot be.
    """
    source = Source(name)
    family = base.family(source.config["model_type"])
    if task not in (None, family.TASK):
        raise UserError(f"--task: {family.TITLE} becomes a run of {family.TASK}, not of {task}")
    run = Run(out or f"runs/{Path(source.name).name}")
    if run.folder.exists() and any(run.folder.iterdir()):
        raise UserError(f"{run.folder}: is there already: choose another --out")
    if family.TASK == "translate":
        return _translating.bring(source, family, run, directions, tell)
    shape = base.shape_of(family, source.config, f"{source.name}/config.json")
    tokenizer = tokenized(source, family, shape.vocab_size)
    settings = {"task": family.TASK, **family.settings(shape)}
    settings["data"]["tokenizer"] = {"kind": "foreign"}
    recipe: Any = recipes.make(settings, source.name)
    tell(f"reading {family.TITLE} from {source.name} …")
    tensors, left, fresh = weights(source, family, shape, tokenizer)
    model = family.build(recipe, tokenizer)
    fitted(model, tensors, source.name)
    run.create(recipe)
    with whole_folder(run.tokenizer) as aside:
        family.save(tokenizer, aside)
    with whole(run.model) as aside:
        checkpoint.keep(aside, checkpoint.named(model))
    run.note(
        parameters=sum(p.numel() for p in model.parameters()),
        imported={
            "source": source.name, "family": source.config["model_type"],
            "license": source.licence(), "left_out": left, "made_anew": fresh,
        },
        data={"vocabulary": [tokenizer.size]},
    )  # fmt: skip
    card.write(run)
    return run


def tokenized(source: Source, family: Family, rows: int) -> ForeignTokenizer:
    """The checkpoint's tokenizer under our ids. Raises UserError if a special is missing."""
    first = family.specials(source)
    for name in SPECIALS:
        if name not in first:
            raise UserError(f"{source.name}: its tokenizer has nothing that could be our {name}")
    taken = set(first.values())
    first |= {name: i for name, i in source.specials() if i not in taken and name not in first}
    facts = Foreign(
        family=source.config["model_type"], specials=tuple(first), first=tuple(first.values()),
        rows=rows, named=source.named, ends=family.ENDS,
    )  # fmt: skip
    return ForeignTokenizer(source.tokenizer, facts)


def weights(
    source: Source, family: Family, shape: Any, tokenizer: ForeignTokenizer
) -> tuple[dict[str, Tensor], list[str], list[str]]:
    """Our tensors; the names of those that were left out; of ours, those the checkpoint lacks."""
    found: dict[str, Tensor] = {}
    for name, value in source.tensors().items():
        found.setdefault(family.plain(name), value)
    pairs = list(family.pairs(shape, tokenizer.order))
    made, left = base.taken(family, pairs, found, source.name)
    return made, left, [pair.ours for pair in pairs if pair.ours not in made]


def fitted(model: nn.Module, tensors: dict[str, Tensor], where: str) -> None:
    """Give the model these weights. Raises UserError if they are not its own but for a head."""
    own = checkpoint.named(model)
    for name, value in tensors.items():
        if name not in own or own[name].shape != value.shape:
            shape = tuple(own[name].shape) if name in own else "nothing"
            raise UserError(
                f"{where}: its config.json asks for {shape} where the weights have "
                f"{tuple(value.shape)} ({name})"
            )
    checkpoint.restore(model, {**own, **tensors})
