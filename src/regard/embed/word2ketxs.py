"""word2ketXS: the whole table is a sum of tensor products of small matrices.

Branch: Beside the survey / Embedding
Paper: word2ket, Panahi et al. 2020, section 3, https://arxiv.org/abs/1911.04975
Formula: W = sum over k = 1..r of F_k1 (x) ... (x) F_kn, each F of V^(1/n) rows and D^(1/n) columns,
  rounded up
Cost: time O(T r D), memory r n V^(1/n) D^(1/n) parameters in place of V D
Causal: yes
Scores: no
Limit: with order 1 and rank 1 it is a table

A row is made from one row of each small matrix: the digits of its token say which. Rows beyond V
and columns beyond D are left out. A tied output layer has the whole table made at every trip.

`V` vocabulary, `D` width, `n` order, `r` rank, `t` rows and `q` columns of a small matrix.
"""

import torch
from torch import Tensor, nn

from regard.embed._rows import Made
from regard.embed._tensors import TensorConfig, product, root


class Config(TensorConfig):
    """`order`: how many small matrices are multiplied; `rank`: how many products are added;
    `scale`: times sqrt(D); `dropout` drops the stream; `word_dropout` drops whole tokens.
    """

    rank: int = 10

    def build(self, vocabulary: int, dim: int) -> "Word2KetXS":
        """The small matrices."""
        self.check()
        return Word2KetXS(vocabulary, dim, self)


class Word2KetXS(Made):
    """`factors` (n t r q)."""

    def __init__(self, vocabulary: int, dim: int, config: Config):
        super().__init__(vocabulary, dim, config)
        self.base, q = root(vocabulary, config.order), root(dim, config.order)
        shape = (config.order, self.base, config.rank, q)
        self.factors = nn.Parameter(torch.randn(shape) * config.spread(dim))

    def rows(self, tokens: Tensor) -> Tensor:
        """... D."""
        last = len(self.factors) - 1
        digits = [tokens // self.base ** (last - j) % self.base for j in range(last + 1)]
        *parts, end = (factor[i] for factor, i in zip(self.factors, digits, strict=True))
        if not parts:
            return end.sum(-2)
        row = parts[0]  # ... r q
        for part in parts[1:]:
            row = product(row, part)
        # the last product and the sum over r in one: no r D numbers a row
        return (row.transpose(-1, -2) @ end).flatten(-2)[..., : self.dim]
