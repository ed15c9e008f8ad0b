"""Words, document, words: each chunk is read again with what the whole document made of it.

Branch: Architecture / Divide and conquer: hierarchy
Paper: Hi-Transformer, Wu et al. 2021, section 2, https://arxiv.org/abs/2106.01040
Formula: d = document(mean of words(chunk c), for every c); y = again(d_c, words(chunk c))
Cost: time O(T chunk D + (T / chunk)^2 D), memory O(T chunk + (T / chunk)^2)
Causal: no, a chunk's vector holds all of it
Scores: no

Chunks are `chunk` positions each (the paper's are sentences) and their vector is a mean (the
paper's is pooled by attention). The document's vector stands first, as a word of its chunk.
"""

import torch
from torch import Tensor

from regard.pass_ import Pass
from regard.stack._chunks import ChunkedConfig, below, cut, mean, spread, through, within
from regard.stack.base import Encoder
from regard.stack.plain import Stack
from regard.state import Encoded


class Config(ChunkedConfig):
    """`layers` of each of the three levels; `chunk`: positions of a chunk."""

    def encoder(self, dim: int) -> "HiTransformer":
        """All three levels."""
        return HiTransformer(dim, self.chunk, [self.level(dim) for _ in range(3)])


class HiTransformer(Encoder):
    """As many vectors as words."""

    def __init__(self, dim: int, chunk: int, levels: list[Stack]):
        super().__init__()
        self.dim, self.chunk = dim, chunk
        self.words, self.document, self.again = levels

    def forward(self, x: Tensor, pass_: Pass) -> Encoded:
        """x (N T D) read."""
        chunks, ok, tokens = cut(x, pass_, self.chunk)
        words = within(self.words, pass_, chunks, ok, tokens)
        said, there = mean(words, ok), ok.any(-1)
        known = through(self.document, said, below(pass_, said, there))
        both = torch.cat([known[:, :, None], words], 2)  # N C 1+S D
        okay = torch.cat([there[..., None], ok], 2)
        first = None if tokens is None else torch.cat([tokens[..., :1], tokens], 2)
        y = within(self.again, pass_, both, okay, first)
        return Encoded(spread(y[:, :, 1:], pass_), pass_.ok, pass_.pos)
