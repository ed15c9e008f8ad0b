"""What every model that writes has in common: a writer's hidden states, scored by a head.

`B` rows, `T` tokens, `D` width, `V` vocabulary.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from regard.models.writer import Writer
from regard.state import State


class Model(nn.Module):
    """A kind adds `start` and `head`; search needs no more than `start` and `step`."""

    writer: Writer

    @property
    def head(self) -> tuple[Tensor, Tensor]:
        """Weight (V D) and bias (V) of the output layer."""
        raise NotImplementedError

    def forward(
        self, tokens: Tensor, state: State, ok: Tensor | None = None,
        aux: list[Tensor] | None = None,
    ) -> tuple[Tensor, State]:  # fmt: skip
        """Hidden states (B T D) of tokens (B T) after what `state` remembers."""
        return self.writer(tokens, state, ok, aux)

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of the vocabulary, ... V."""
        return F.linear(hidden, *self.head)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Log-probabilities (B V) of what follows tokens (B T)."""
        hidden, state = self(tokens, state)
        return self.logits(hidden[:, -1]).float().log_softmax(-1), state
