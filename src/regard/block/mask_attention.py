"""Mask attention networks: a soft local attention, then a global one, then a feed-forward.

Branch: Architecture / Alternatives
Paper: Mask Attention Networks: Rethinking and Strengthen Transformer, Fan et al. 2021, section 3,
  https://arxiv.org/abs/2103.13597
Formula: x = r(x, dynamic mask attention); x = r(x, attention); x = r(x, cross), in a decoder;
  x = r(x, ff); r is the residual that block/residual.py places norms in
Cost: time O(T S D), memory O(T S)
Causal: yes, if its attention is
Scores: no, but both attentions do
"""

from typing import Annotated, Any

from regard.block import standard
from regard.block._several import Chain, chain
from regard.position.base import Position
from regard.recipe import Part, UserError


class Config(standard.Config):
    """Those of the standard block, and the attention before its mixer: `mask`."""

    mask: Annotated[Any, Part("attention", default="dynamic_mask")] = "dynamic_mask"

    def heads(self) -> int:
        """Heads of both attentions."""
        return self.mask.heads

    def build(self, dim: int, position: Position | None, cross: bool, depth: int) -> Chain:
        """Both attentions have the same positions, and so as many heads."""
        heads = getattr(self.mixer, "heads", self.mask.heads)
        if heads != self.mask.heads:
            raise UserError(
                f"mask_attention: {self.mask.heads} heads of `mask` and {heads} of `mixer` cannot "
                "share positions; give both as many"
            )
        mixers = [self.mask.build(dim, position), self.mixer.build(dim, position)]
        return chain(self, mixers, dim, cross, depth)
