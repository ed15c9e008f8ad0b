"""A translator with some of its attention heads switched off: what did they do?

As in Michel et al. 2019 (https://arxiv.org/abs/1905.10650, section 2): what a head found is taken
as zero before the output projection. `B` rows, `T` queries, `H` heads, `K` head width.
"""

from collections.abc import Iterator, Sequence
from copy import copy, deepcopy
from typing import Any, TypeVar

from torch import Tensor, nn

from regard.attention.base import Attention
from regard.recipe import UserError
from regard.tasks.attending import label
from regard.tasks.translator import Translator

M = TypeVar("M", bound=nn.Module)


def apart(translator: Translator) -> Translator:
    """The same translator with modules of its own over the same weights, and no engine.

    Hooks on it are nobody else's, whoever translates at the same time.
    """
    new = copy(translator)
    new.models = [twin(model) for model in translator.models]
    new.engine = None
    return new


def twin(model: M) -> M:
    """A copy of the modules that shares every weight."""
    shared: dict[int, Any] = {id(t): t for t in (*model.parameters(), *model.buffers())}
    return deepcopy(model, shared)


def attentions(model: nn.Module) -> Iterator[tuple[str, Attention]]:
    """Every attention by the name that looks give it, such as decoder.0.cross."""
    for path, part in model.named_modules():
        if isinstance(part, Attention):
            yield label(path), part


def counts(translator: Translator) -> dict[str, int]:
    """How many heads each attention has."""
    return {name: part.heads for name, part in attentions(translator.models[0])}


def without(translator: Translator, heads: Sequence[tuple[str, int]]) -> Translator:
    """The translator with these heads off, as (attention, head from 0); the given one stays.

    Raises UserError for a head that there is not.
    """
    known = counts(translator)
    for name, head in heads:
        if name not in known:
            raise UserError(f"head: no attention {name!r}; there are {', '.join(known)}")
        if not 0 <= head < known[name]:
            raise UserError(f"head: {name} has heads 0 to {known[name] - 1}, not {head}")
    new = apart(translator)
    for model in new.models:
        for name, part in attentions(model):
            off = [head for other, head in heads if other == name]
            if off:
                part.out.register_forward_pre_hook(silencer(off, part.heads))
    return new


def silencer(off: Sequence[int], heads: int) -> Any:
    """A hook that takes what these heads found as zero."""

    def hook(module: nn.Module, args: tuple[Tensor]) -> tuple[Tensor]:
        found = args[0].unflatten(-1, (heads, -1)).clone()  # B T H K
        found[..., list(off), :] = 0
        return (found.flatten(-2),)

    return hook
