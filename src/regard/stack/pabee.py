"""PABEE: a classifier after every layer; a row leaves when enough layers in a row agree.

Branch: Architecture / Adaptive computation time
Paper: BERT Loses Patience, Zhou et al. 2020, https://arxiv.org/abs/2006.04152
Formula: z_l = ramp_l(x_l); a row leaves at the first l with argmax z_(l-patience) = ... =
  argmax z_l
Cost: time and memory of the layers that a row runs through
Causal: no, rows leave as a whole: an encoder that classifies
Scores: no, but the mixers of its blocks may
Limit: patience for all layers and more is plain

A task takes the answer, and in training every layer's logits, from `Pass.ramps` (`_ramps.py`); the
paper's loss is their mean, weighted by the number of the layer. Nothing but such a task trains the
ramps: a translator has no use for this encoder.
"""

import torch
from torch import Tensor

from regard.recipe import UserError
from regard.stack._ramps import Exiting, Ramps
from regard.stack.plain import Stack


class Config(Exiting):
    """`patience`: how many layers must agree with the one before them."""

    patience: int = 3

    def encoder(self, dim: int) -> "PABEE":
        """A plain one with ramps."""
        if self.patience < 1:
            raise UserError("pabee: layer 1 has none to agree with; set patience to 1 or more")
        return PABEE(self.stack(dim, cross=False), self)


class PABEE(Ramps):
    """Sure is who keeps to an answer."""

    def __init__(self, stack: Stack, config: Config):
        super().__init__(stack, config)
        self.patience = config.patience

    def sure(self, said: list[Tensor]) -> Tensor:
        """The newest answers decide, one more than the patience."""
        if len(said) <= self.patience:
            return torch.zeros_like(said[-1][:, 0], dtype=torch.bool)
        newest = torch.stack([logits.argmax(-1) for logits in said[-self.patience - 1 :]])
        return (newest == newest[0]).all(0)
