"""A step towards a sparse code of each token in a learned dictionary, as in white-box Transformers.

Branch: Beside the survey / Coding rate
Paper: CRATE, White-Box Transformers via Sparse Rate Reduction, Yu et al. 2023,
  https://arxiv.org/abs/2306.01129
Formula: ReLU(x + step (D^T (x - D x) - sparsity)) - x for a square dictionary D
Cost: time O(T D^2), memory O(T D)
Causal: yes
Scores: no
Limit: an orthogonal dictionary and a step of 1 find the best code at once, ReLU(D^T x - sparsity);
  a step of at most 1 / |D|^2 never makes a code worse

One step of ISTA on |x - D z|^2 / 2 + sparsity |z|_1 over z >= 0, from z = x. What comes out is the
change that the step makes, since a block adds it to the stream: with `place: post` the code itself
goes on, as in the paper; with `pre`, the stream takes the step that its normed tokens would take.
"""

import torch
from torch import Tensor, nn

from regard.ff.base import FeedForward
from regard.pass_ import Pass
from regard.recipe import Config as Settings
from regard.recipe import UserError


class Config(Settings):
    """`step`: how far to go; `sparsity`: what a code pays for each unit of its length."""

    step: float = 0.1
    sparsity: float = 0.1

    def build(self, dim: int) -> "ISTA":
        """The dictionary. Raises UserError for a step that leads nowhere."""
        if self.step <= 0 or self.sparsity < 0:
            raise UserError("ista: step is above 0 and sparsity 0 or more; the paper has 0.1 twice")
        return ISTA(dim, self.step, self.sparsity)


class ISTA(FeedForward):
    """One proximal step; `dictionary` (D D) has an atom a column."""

    def __init__(self, dim: int, step: float, sparsity: float):
        super().__init__()
        self.step, self.sparsity = step, sparsity
        self.dictionary = nn.Parameter(torch.empty(dim, dim))
        nn.init.kaiming_uniform_(self.dictionary)  # as in the authors' code

    def forward(self, x: Tensor, pass_: Pass) -> Tensor:
        """B T D -> B T D."""
        missed = x - x @ self.dictionary.T  # what the code x leaves unsaid of x
        code = (x + self.step * (missed @ self.dictionary - self.sparsity)).relu()
        return code - x
