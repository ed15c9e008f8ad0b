"""R-Transformer: a local RNN tells order, attention sees far, a feed-forward follows.

Branch: Position / Implicit
Paper: R-Transformer: Recurrent Neural Network Enhanced Transformer, Wang et al. 2019, section 2,
  https://arxiv.org/abs/1907.05572
Formula: x = r(x, local RNN); x = r(x, attention); x = r(x, cross), in a decoder; x = r(x, ff);
  r is the residual that block/residual.py places norms in
Cost: time O(T (S + kernel D) D), memory O(T (S + kernel D)); S as its attention has it
Causal: yes, if its attention is
Scores: no, but its attention may

The paper has neither a decoder that reads a memory nor positions: set `position: none` for its own
form.
"""

from typing import Annotated, Any

from regard.block import standard
from regard.block._several import Chain, chain
from regard.position.base import Position
from regard.recipe import Part


class Config(standard.Config):
    """Those of the standard block, and what comes before its mixer: `local`."""

    local: Annotated[Any, Part("mixer", default="local_rnn")] = "local_rnn"

    def build(self, dim: int, position: Position | None, cross: bool, depth: int) -> Chain:
        """Positions, if any, are the attention's."""
        mixers = [self.local.build(dim), self.mixer.build(dim, position)]
        return chain(self, mixers, dim, cross, depth)
