"""Dense attention whose scores a task shifts: blocks along the diagonal, scaled by its vector.

Branch: Attention / Prior: multi-task adapters
Paper: CA-MTL, Pilault et al. 2021, https://arxiv.org/abs/2009.09139
Formula: softmax(q k^T / sqrt(K) + M(z)) v; M(z) has blocks A_n (1 + g(z)) + b(z) on its diagonal
  and 0 elsewhere; A_n is learned, g and b are linear in z, the vector of the task
Cost: time O(T S D), memory O(T S); length block + vector block^2 parameters
Causal: yes
Scores: yes
Limit: blocks, scales and shifts of 0 are dense attention

The task is the one that the trip names (`Pass.task`); a trip that names none has a vector of its
own. All heads share M, which starts at 0. A memory is refused: M is over the row itself. Of the
paper's adapters this is the attention; its norm and bottleneck, conditioned alike, are left out.
"""

import torch
from torch import Tensor, nn

from regard.attention._prior import Prior, places, positive
from regard.attention.base import CoreConfig
from regard.attention.scope import Scope
from regard.recipe import UserError, nearest


class Config(CoreConfig):
    """Names of the `tasks`; rows have up to `length` positions, `block` of them a block; `vector`
    is the width of what stands for a task.
    """

    tasks: tuple[str, ...] = ()
    length: int = 512
    block: int = 32
    vector: int = 32

    def core(self, width: int) -> "CAMTL":
        """The mechanism."""
        positive("camtl", length=self.length, block=self.block, vector=self.vector)
        if len(set(self.tasks)) < len(self.tasks):
            raise UserError(
                f"camtl: tasks {', '.join(self.tasks)} name one twice; name each of them once"
            )
        return CAMTL(self.tasks, self.length, self.block, self.vector)


class CAMTL(Prior):
    """At first all tasks attend alike, as in a model that knows of none."""

    def __init__(self, tasks: tuple[str, ...], length: int, block: int, vector: int):
        super().__init__()
        self.names, self.length, self.block = tasks, length, block
        self.tasks = nn.Embedding(len(tasks) + 1, vector)  # the first: no task is named
        self.blocks = nn.Parameter(torch.zeros(-(-length // block), block, block))
        self.film = nn.Linear(vector, 2 * block * block)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def prior(self, q: Tensor, scope: Scope) -> Tensor:
        """M(z) at the positions asked for: B 1 T S."""
        C = self.block
        i, j = places(scope, self.length, self)
        i, j = i[:, :, None], j[:, None, :]  # B T 1, B 1 S
        scale, shift = self.film(self.task(scope)).unflatten(0, (2, C, C))
        blocks = self.blocks * (1 + scale) + shift  # N C C
        found = blocks[i // C, i % C, j % C]  # B T S
        return found.masked_fill(i // C != j // C, 0.0)[:, None]

    def task(self, scope: Scope) -> Tensor:
        """The vector of the trip's task. Raises UserError for one that the recipe does not name."""
        name = scope.trip.task if scope.trip is not None else None
        if name is None:
            return self.tasks.weight[0]
        if name not in self.names:
            raise UserError(f"camtl: no task called {name!r}; {nearest(name, self.names)}")
        return self.tasks.weight[1 + self.names.index(name)]
