"""Which token was here? Asked of every token, most of which are still there and may be copied.

"All-Tokens MLM" of Clark et al. 2020, 3.4 (https://arxiv.org/abs/2003.10555): with a copying
probability c from the vector, p = c [token read] + (1 - c) softmax.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.models.electra import Electra
from regard.models.masked import Words
from regard.tasks.discriminating.base import DiscriminatingConfig
from regard.train.loss import best, log_probabilities


class Copying(Words):
    """BERT's head, and the log-odds of copying."""

    def __init__(self, dim: int, width: int, vocabulary: int):
        super().__init__(dim, width, vocabulary)
        self.copies = nn.Linear(dim, 1)


class Config(DiscriminatingConfig):
    """`weight` alone."""

    everywhere = True

    def head(self, dim: int, width: int, vocabulary: int) -> Copying:
        """With copying."""
        return Copying(dim, width, vocabulary)

    def loss(self, model: Electra, x: Tensor, read: Tensor, was: Tensor) -> Tensor:
        """Cross-entropy of the mixture."""
        return -probability(model, x, read, was).sum()

    def right(self, model: Electra, x: Tensor, read: Tensor, was: Tensor) -> Tensor:
        """The most probable token is it: the softmax's, or the one read."""
        other = best(model.head.hidden(x), (model.reader.embed.weight, model.head.bias))
        copied = probability(model, x, read, read) >= probability(model, x, read, other)
        return torch.where(copied, read, other) == was


def probability(model: Electra, x: Tensor, read: Tensor, token: Tensor) -> Tensor:
    """Logarithm of the mixture's (M), of these tokens (M)."""
    head = model.head
    output = model.reader.embed.weight, head.bias
    odds = head.copies(x)[:, 0].float()
    told = F.logsigmoid(-odds) + log_probabilities(head.hidden(x), output, token).float()
    copied = F.logsigmoid(odds).masked_fill(read != token, -torch.inf)
    return torch.logaddexp(told, copied)
