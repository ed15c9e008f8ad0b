"""A hierarchy of two levels: chunks are read by themselves, then what they say to each other.

Branch: Architecture / Divide and conquer: hierarchy
Paper: HIBERT, Zhang et al. 2019, section 3.1, https://arxiv.org/abs/1905.06566
Formula: s_c = mean of words(chunk c); y = document(s_1 ... s_C)
Cost: time O(T chunk D + (T / chunk)^2 D), memory O(T chunk + (T / chunk)^2)
Causal: no, a chunk's vector holds all of it
Scores: no
Limit: a chunk as long as the row is the document level over the mean of a plain stack

What comes out is a vector for each chunk, as in the paper, whose chunks are sentences: here they
are `chunk` positions each, and their vector is the mean of theirs instead of their last one.
"""

from torch import Tensor

from regard.pass_ import Pass
from regard.stack._chunks import ChunkedConfig, below, cut, mean, through, within
from regard.stack.base import Encoder
from regard.stack.plain import Stack
from regard.state import Encoded


class Config(ChunkedConfig):
    """`layers` of each of the two levels; `chunk`: positions of a chunk."""

    def encoder(self, dim: int) -> "HIBERT":
        """Both levels."""
        return HIBERT(dim, self.chunk, self.level(dim), self.level(dim))


class HIBERT(Encoder):
    """As many vectors as chunks."""

    def __init__(self, dim: int, chunk: int, words: Stack, document: Stack):
        super().__init__()
        self.dim, self.chunk, self.words, self.document = dim, chunk, words, document

    def forward(self, x: Tensor, pass_: Pass) -> Encoded:
        """x (N T D) read: N C D."""
        chunks, ok, tokens = cut(x, pass_, self.chunk)
        said = mean(within(self.words, pass_, chunks, ok, tokens), ok)
        above = below(pass_, said, ok.any(-1))
        return Encoded(through(self.document, said, above), above.ok, above.pos)
