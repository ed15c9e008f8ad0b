"""Starting what reads and writes from a model that was trained before.

From an encoder-decoder (a run of denoise or translate) everything is taken over: settings,
tokenizers, weights. An encoder (any run that others start from) reads the source in front of the
translator's own encoder: see `models/seq2seq.py`.
"""

from typing import Any

from safetensors.torch import save_file
from torch import nn

from regard.data.codec import Codec, tags_of
from regard.data.tokenizer import base as tokenizer
from regard.data.tokenizer.base import RESERVED, Tokenizer
from regard.models import encoder
from regard.recipe import Recipe, UserError, kind_of
from regard.run import Run, whole
from regard.tasks.loading import ended
from regard.tasks.starting import READER, TAKEN, earlier, fill, weights

FED = f"embed.{READER}"  # where a translator has a reader


class Starting(Recipe):
    """A recipe whose model may begin with one that was trained before; `start`: that run."""

    start: str | None = None

    def settled(self, run: Run) -> Any:
        """With the settings of the model that it starts from."""
        return settled(self, run)


def settled(recipe: Any, run: Run) -> Any:
    """The recipe with the settings of the model that it starts from.

    Raises UserError if that model cannot be one.
    """
    old = earlier(recipe, run, started)
    if old is None:
        return recipe
    reader = old.model.reader if writes(old) else reader_of(old)
    if reader is None:
        model, tokens = old.model, {"tokenizer": old.data.tokenizer}
        if hasattr(recipe.data, "shared"):
            tokens["shared"] = getattr(old.data, "shared", True)
            tokens["frame"] = getattr(old.data, "frame", None)
    elif hasattr(recipe.data, "shared"):
        model = recipe.model.model_copy(update={"reader": reader})
        tokens = {"tokenizer": old.data.tokenizer} if recipe.data.shared else {}
    else:
        raise UserError(f"start: {recipe.start} is a run of {old.task}, which only reads")
    data = recipe.data.model_copy(update=tokens)
    return recipe.model_copy(update={"model": model, "data": data})


def started(start: str) -> Run:
    """The run to start from. Raises UserError if it is not whole, or has no encoder of text."""
    run = Run(start)
    model = getattr(run.recipe, "model", None)
    if not hasattr(model, "encoder") or not (hasattr(model, "segments") or writes(run.recipe)):
        raise UserError(f"start: {start} is a run of {kind_of(run.recipe)}, which reads no text")
    if getattr(model, "reader", None) is not None:
        raise UserError(f"start: {start} started from an encoder itself; go on by `regard adapt`")
    return ended(run)


def writes(recipe: Any) -> bool:
    """Has its model a decoder?"""
    return hasattr(recipe.model, "decoder")


def reader_of(recipe: Any) -> encoder.Config:
    """The settings of its model's reader."""
    return encoder.Config(**{name: getattr(recipe.model, name) for name in TAKEN})


def known(recipe: Any, run: Run) -> tuple[Codec | None, Tokenizer | None]:
    """What need not be learnt of the corpus: both tokenizers, or that of the source, or neither.

    Raises UserError if the model that it starts from does not know the tokens that it needs.
    """
    if run.tokenizer.exists():
        return recipe.codec(run), None
    if recipe.start is None:
        return None, None
    first = started(recipe.start)
    if not (first.tokenizer / "tokenizer.json").exists():  # it is a translator, with two sides
        old: Any = first.recipe
        both = old.codec(first)
        source, target = both.source, both.target
    else:
        source = target = tokenizer.load(first.tokenizer)
    data = recipe.data
    reserved = list(RESERVED.values()) if data.protect else []
    for name in [*(tags_of(data.directions) if data.frame is None else ()), *reserved]:
        if name not in source.facts.specials:
            way = "set data.protect=false" if name in reserved else "give it one direction"
            raise UserError(f"start: the tokenizer of {recipe.start} has no {name}: {way}")
    if data.shared or recipe.model.reader is None:
        return Codec(source, target, data.directions, data.frame), None
    return None, source


def one_tokenizer(start: str) -> Tokenizer:
    """That of a run to start from. Raises UserError if it has one for each side."""
    folder = started(start).tokenizer
    for place in (folder, folder / "shared"):
        if (place / "tokenizer.json").exists():
            return tokenizer.load(place)
    raise UserError(f"start: {start} has a tokenizer for each side; start from one with a shared")


def begin(model: nn.Module, recipe: Any, run: Run) -> None:
    """Give the model the weights that it starts with; kept in the run at the first time.

    Raises UserError if they do not fit.
    """
    fed = getattr(recipe.model, "reader", None) is not None
    if recipe.start is not None and not run.initial.exists():
        found = weights(started(recipe.start))
        if fed:
            found = {f"embed.{k}": v for k, v in found.items() if k.startswith(READER)}
        with whole(run.initial) as aside:
            save_file(found, aside)
    if run.initial.exists():
        fill(model, run.initial, FED if fed and recipe.start is not None else "")
