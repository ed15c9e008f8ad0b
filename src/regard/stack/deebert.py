"""DeeBERT: a classifier after every layer; a row leaves when the entropy of its answer is low.

Branch: Architecture / Adaptive computation time
Paper: DeeBERT, Xin et al. 2020, https://arxiv.org/abs/2004.12993
Formula: z_l = ramp_l(x_l); a row leaves at the first l with entropy(softmax(z_l)) < threshold
Cost: time and memory of the layers that a row runs through
Causal: no, rows leave as a whole: an encoder that classifies
Scores: no, but the mixers of its blocks may
Limit: a threshold of 0 is plain

A task takes the answer, and in training every layer's logits, from `Pass.ramps` (`_ramps.py`); the
paper's two stages, last ramp first, then the others on frozen layers, are the task's to choose.
Nothing but such a task trains the ramps: a translator has no use for this encoder.
"""

from torch import Tensor

from regard.recipe import UserError
from regard.stack._ramps import Exiting, Ramps
from regard.stack.plain import Stack


class Config(Exiting):
    """`threshold`: entropy, in nats, below which an answer is sure."""

    threshold: float = 0.3

    def encoder(self, dim: int) -> "DeeBERT":
        """A plain one with ramps."""
        if self.threshold < 0:
            raise UserError("deebert: an entropy is never below 0; set threshold to 0 or more")
        return DeeBERT(self.stack(dim, cross=False), self)


class DeeBERT(Ramps):
    """Sure is who hardly hesitates between classes."""

    def __init__(self, stack: Stack, config: Config):
        super().__init__(stack, config)
        self.threshold = config.threshold

    def sure(self, said: list[Tensor]) -> Tensor:
        """The newest answer's entropy decides."""
        logs = said[-1].log_softmax(-1)
        return -(logs.exp() * logs).sum(-1) < self.threshold
