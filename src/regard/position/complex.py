"""Complex embeddings: a word is a wave along its row, and its position says where on the wave.

Branch: Position / Implicit
Paper: Complex Embeddings, Wang et al. 2020, https://arxiv.org/abs/1912.12333
Formula: the real part of x e^(i (w pos + f)), which is x cos(w pos + f); w and f a feature
Cost: time O(T D), memory O(T D); 2 D parameters
Causal: yes
Scores: no
Limit: with frequencies and phases of 0 a word is the same everywhere

Amplitudes are the words' own (their embeddings); frequencies w and phases f are shared by all
words, one of the paper's ways to save parameters. The paper's networks go on with complex numbers;
here the stream is real, and what a cosine near 0 hides at a position is gone.
"""

import torch
from torch import Tensor, nn

from regard.pass_ import Pass
from regard.position.base import Position, PositionConfig


class Config(PositionConfig):
    """`base`: frequencies start between 1 and 1 / base."""

    base: float = 10000.0

    def build(self, dim: int, heads: int) -> "Complex":
        """A frequency and a phase for each feature of the stream."""
        return Complex(dim, self.base)


class Complex(Position):
    """At the start position 0 leaves words as they are: all phases are 0."""

    def __init__(self, dim: int, base: float):
        super().__init__()
        self.frequency = nn.Parameter(base ** -(torch.arange(dim) / dim))
        self.phase = nn.Parameter(torch.zeros(dim))

    def add(self, x: Tensor, pass_: Pass, layer: int) -> Tensor:
        """Enter the stream before the first layer, by a product."""
        if layer:
            return x
        wave = (pass_.pos[..., None] * self.frequency + self.phase).cos()  # B T D
        return x * wave.to(x.dtype)
