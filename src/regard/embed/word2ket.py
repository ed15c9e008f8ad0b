"""word2ket: each row is a sum of tensor products of small vectors, an entangled state of the word.

Branch: Beside the survey / Embedding
Paper: word2ket, Panahi et al. 2020, section 2, https://arxiv.org/abs/1911.04975
Formula: w_t = sum over k = 1..r of v_tk1 (x) ... (x) v_tkn, each v of D^(1/n) numbers, rounded up
Cost: time O(T r D), memory V r n D^(1/n) parameters in place of V D
Causal: yes
Scores: no
Limit: with order 1 and rank 1 it is a table

Products are taken as a balanced tree, each node normed (layer norm without weights, so that rows
stay alike in size whatever the order); numbers beyond D are left out. A tied output layer has the
whole table made at every trip: time and memory O(V r D).

`V` vocabulary, `D` width, `n` order, `r` rank, `q` numbers in a small vector.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.embed._rows import Made
from regard.embed._tensors import TensorConfig, product, root


class Config(TensorConfig):
    """`order`: how many small vectors are multiplied; `rank`: how many products are added; `scale`:
    times sqrt(D); `dropout` drops the stream; `word_dropout` drops whole tokens.
    """

    order: int = 4

    def build(self, vocabulary: int, dim: int) -> "Word2Ket":
        """The small vectors."""
        self.check()
        return Word2Ket(vocabulary, dim, self)


class Word2Ket(Made):
    """`leaves` (V r n q)."""

    def __init__(self, vocabulary: int, dim: int, config: Config):
        super().__init__(vocabulary, dim, config)
        shape = (vocabulary, config.rank, config.order, root(dim, config.order))
        self.leaves = nn.Parameter(torch.randn(shape) * config.spread(dim))
        # a normed product has variance 1 and needs 1/(r D)
        self.gain = (config.rank * dim) ** -0.5 if config.order > 1 else 1.0

    def rows(self, tokens: Tensor) -> Tensor:
        """... D."""
        parts = list(self.leaves[tokens].unbind(-2))  # n of ... r q
        while len(parts) > 1:
            odd = parts[len(parts) // 2 * 2 :]  # goes up as it is
            parts = [node(a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)] + odd
        return self.gain * parts[0].sum(-2)[..., : self.dim]


def node(a: Tensor, b: Tensor) -> Tensor:
    """The normed product."""
    y = product(a, b)
    return F.layer_norm(y, y.shape[-1:])
