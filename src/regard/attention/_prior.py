"""Scores that do not come from queries and keys alone: what these kinds share.

`B` rows, `T` queries, `S` keys, `H` heads, `K` head width.
"""

from torch import Tensor

from regard.attention.base import Core
from regard.attention.scope import Scope, masked_softmax
from regard.attention.softmax import Softmax
from regard.recipe import UserError


class Prior(Softmax):
    """Scaled products plus a prior; a kind overrides `prior`, or `weights` if it does more."""

    cross = False

    def prior(self, q: Tensor, scope: Scope) -> Tensor:
        """What is added to the scores: broadcasts to B H T S."""
        raise NotImplementedError

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """The plain form: the weights are needed."""
        return Core.attend(self, q, k, v, scope)

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """Softmax of the sum."""
        scores = self.score(q, k) + self.prior(q, scope)
        return masked_softmax(with_bias(scores, q, k, scope), scope)


class Synthesizer(Core):
    """Scores made without comparing a query with a key; a kind overrides `synthesize`."""

    uses = "vo"
    cross = False

    def __init__(self, length: int):
        super().__init__()
        self.length = length

    def synthesize(self, q: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """B H T S for queries at q_pos (B T) and keys at k_pos (B S)."""
        raise NotImplementedError

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """Softmax of what was made, positions and rules acting on it as on any scores."""
        scores = self.synthesize(q, *places(scope, self.length, self))
        return masked_softmax(with_bias(scores, q, k, scope), scope)


def with_bias(scores: Tensor, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
    """The scores and what the position adds to them."""
    bias = scope.bias(q, k)
    return scores if bias is None else scores + bias


def places(scope: Scope, length: int, core: Core) -> tuple[Tensor, Tensor]:
    """Positions of queries (B T) and keys (B S), fit to look up in tables of this length.

    Padding, which nobody sees, is put at places that exist; queries are among the keys, so that
    looking at those is enough. Raises UserError where a row goes on after the table has ended.
    """
    k_pos = scope.k_pos if scope.k_ok is None else scope.k_pos.masked_fill(~scope.k_ok, 0)
    last = int(k_pos.max()) if k_pos.numel() else 0
    if last >= length:
        raise UserError(
            f"position {last}: the tables of {type(core).__name__} end at {length - 1}; "
            "set `length` higher, or use softmax"
        )
    return scope.q_pos.clamp(max=length - 1), k_pos


def positive(kind: str, **settings: int) -> None:
    """Refuse sizes below 1.

    Raises UserError in words.
    """
    for name, value in settings.items():
        if value < 1:
            raise UserError(
                f"{kind}: a {name} of {value} leaves nothing to look at; give 1 or more"
            )
