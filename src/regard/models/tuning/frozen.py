"""What was trained before stays as it is, or its lower layers do; the rest learns."""

from typing import Any

from pydantic import Field
from torch import nn

from regard.models.tuning.base import TuningConfig, freeze
from regard.recipe import UserError


class Config(TuningConfig):
    """`layers`: the embedding and the first so many (none given: everything)."""

    layers: int | None = Field(None, ge=0)

    def apply(self, model: nn.Module, reader: str) -> None:
        """Raises UserError if there are not so many layers, or nothing is left to learn."""
        part: Any = model.get_submodule(reader)
        if self.layers is None:
            freeze(part)
        else:
            stack = layered(part.encoder)
            layers: Any = getattr(stack, "blocks", None) or getattr(stack, "cells", ())
            if self.layers > len(layers):
                raise UserError(f"tuning.layers: {self.layers}, and the encoder has {len(layers)}")
            for below in (part.embed, getattr(stack, "position", None), *layers[: self.layers]):
                if below is not None:
                    freeze(below)
            if getattr(part, "segment", None) is not None:
                part.segment.requires_grad_(False)
        if not any(p.requires_grad for p in model.parameters()):
            raise UserError("tuning: frozen leaves nothing to learn; give it fewer layers")


def layered(encoder: nn.Module) -> nn.Module | None:
    """The part of an encoder that has the layers."""
    for part in encoder.modules():
        if isinstance(getattr(part, "blocks", getattr(part, "cells", None)), nn.ModuleList):
            return part
    return None
