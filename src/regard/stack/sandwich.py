"""Sandwich order: the first layers only mix, the last ones only feed forward.

Branch: Architecture / Alternatives
Paper: Improving Transformer Models by Reordering their Sublayers, Press et al. 2020,
  https://arxiv.org/abs/1911.03864
Formula: s^k (s f)^(n-k) f^k, for mixers s and feed-forwards f of n layers
Cost: time and memory of its blocks
Causal: yes
Scores: no, but the mixers of its blocks may
Limit: k = 0 is plain

In a decoder a cross-attention stays with its mixer.
"""

from regard.block._half import Feeding, Mixing
from regard.block.standard import Standard
from regard.recipe import UserError, kind_of
from regard.stack.plain import Config as Plain
from regard.stack.plain import Stack


class Config(Plain):
    """`coefficient`: k, the layers at either end that are halved (0: none, `layers`: all)."""

    coefficient: int = 1

    def stack(self, dim: int, cross: bool) -> "Stack":
        """The halves of a plain stack's blocks, in another order: each f waits for k more s."""
        n, k = self.layers, self.coefficient
        if not 0 <= k <= n:
            raise UserError(f"sandwich: coefficient {k} is not between 0 and the {n} layers")
        plain = super().stack(dim, cross)
        if any(type(block) is not Standard for block in plain.blocks):
            raise UserError(
                f"sandwich: takes blocks apart, and {kind_of(self.block)} is not made of two "
                "halves: use standard"
            )
        order: list = []
        for i in range(n + k):
            order += [Mixing(plain.blocks[i])] if i < n else []
            order += [Feeding(plain.blocks[i - k])] if i >= k else []
        stack = Stack(dim, order, plain.position, None)
        stack.norm = plain.norm
        return stack
