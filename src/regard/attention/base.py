"""What every attention shares: projections, heads, positions, decode state. The core does the rest.

`B` rows, `N` sentences of a memory, `T` queries, `S` keys, `D` width, `H` heads, `G` key heads, `K`
head width.
"""

from typing import Annotated, Any, ClassVar

from pydantic import Field
from torch import Tensor, nn

from regard.attention._silent import Silent
from regard.attention.scope import Causal, Rule, Scope, masked_softmax, scope_of
from regard.pass_ import Pass
from regard.position.base import Position
from regard.recipe import Config as Settings
from regard.recipe import UserError
from regard.state import KV


class Core(nn.Module):
    """What happens between q (B H T K), k (B G S K) and v; most kinds override `attend` alone.

    Class attributes declare what a kind needs; they are checked when a model is built.
    """

    uses: ClassVar[str] = "qkvo"  # which projections the outer attention makes
    scores: ClassVar[bool] = True  # forms scores, so positions and rules may act on them
    incremental: ClassVar[bool] = True  # may run token by token
    cross: ClassVar[bool] = True  # may read a memory
    keeps_keys: ClassVar[bool] = True  # its state is keys and values; else it makes its own
    key_heads: int | None = None  # G, if not as many as H

    def forward(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope, state: Any) -> tuple:
        """Attend; kinds with a state of their own take in k and v here and return it."""
        return self.attend(q, k, v, scope), state

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """B H T K: weights times values."""
        weights = self.weights(q, k, scope)
        y = weights @ per_head(v, q.size(1))
        more = scope.position.values(weights, scope.q_pos, scope.k_pos)
        return y if more is None else y + more

    def score(self, q: Tensor, k: Tensor) -> Tensor:
        """B H T S: how well each key answers each query."""
        raise NotImplementedError

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """B H T S: how much each query takes of each key; rows sum to 1 (or 0: nothing to see)."""
        scores = self.score(q, k)
        bias = scope.bias(q, k)
        return masked_softmax(scores if bias is None else scores + bias, scope)

    def honours(self, rule: Rule) -> bool:
        """Can this kind keep to the rule? Kinds that form scores can keep to any."""
        return self.scores

    def start(self, k: Tensor, v: Tensor, capacity: int | None) -> Any:
        """Empty state for rows that look like k and v (B G 0 K)."""
        return KV.empty(k, v, capacity)


def per_head(x: Tensor, heads: int) -> Tensor:
    """Key heads repeated for the query heads that share them: B G S K -> B H S K."""
    return x if x.size(1) == heads else x.repeat_interleave(heads // x.size(1), 1)


class CoreConfig(Settings):
    """Settings of a mechanism; its file defines `core`.

    `width` of a head (0: the heads share the stream's). `left`: how many heads each layer has,
    where some were cut out (see `regard compress`).
    """

    heads: int = 4
    width: int = Field(0, ge=0)
    left: tuple[Annotated[int, Field(ge=0)], ...] = ()

    def at(self, layer: int) -> "CoreConfig":
        """Those of the layer's own heads. Raises UserError if nothing is said of them."""
        own = super().at(layer)
        if not self.left:
            return own  # type: ignore[return-value]
        if layer >= len(self.left):
            raise UserError(f"left: tells the heads of {len(self.left)} layers, and there are more")
        return own.model_copy(update={"heads": self.left[layer]})  # type: ignore[return-value]

    def core(self, width: int) -> Core:
        """The mechanism for heads of this width (of a query as it comes, if q is not projected)."""
        raise NotImplementedError

    def build(
        self, dim: int, position: Position | None = None, memory: int | None = None
    ) -> "Attention":
        """Attention over a stream of width `dim`, reading a memory of this width (none: itself).

        Raises UserError if heads, width and positions do not fit.
        """
        if self.left and position is not None and position.scores:
            raise UserError(
                f"left: {type(position).__name__} has numbers for every head, and some are gone: "
                "use sinusoidal or rotary"
            )
        if not self.heads:
            return Silent(dim)  # type: ignore[return-value]  # it has the same signature
        if not self.width and dim % self.heads:
            raise UserError(f"heads: {self.heads} do not divide the width {dim}")
        width = self.width or dim // self.heads
        return Attention(dim, self.heads, self.core(width), position, memory, width)


class Attention(nn.Module):
    """Projections, heads, positions and state around a core; it names no paper."""

    def __init__(
        self, dim: int, heads: int, core: Core, position: Position | None = None,
        memory: int | None = None, width: int = 0,
    ):  # fmt: skip
        super().__init__()
        self.heads, self.core, self.position = heads, core, position or Position()
        agree(core, self.position)
        if memory is not None and not core.cross:
            raise UserError(
                f"{type(core).__name__} compares a row with itself and reads no memory: use softmax"
            )
        memory = memory or dim
        self.groups = core.key_heads or heads  # G
        G, K, uses = self.groups, width or dim // heads, core.uses
        self.q = nn.Linear(dim, heads * K) if "q" in uses else nn.Identity()
        self.k = nn.Linear(memory, G * K) if "k" in uses else nn.Identity()
        self.v = nn.Linear(memory, G * K) if "v" in uses else nn.Identity()
        value = heads * K if "v" in uses else memory
        self.out_width = dim if "o" in uses else value
        self.out = nn.Linear(value, dim) if "o" in uses else nn.Identity()
        if "k" not in uses and memory != dim:
            raise UserError(
                f"{type(core).__name__} compares widths {dim} (query) and {memory} (key) as "
                "they come: use general or additive"
            )

    @property
    def incremental(self) -> bool:
        """May it run token by token?"""
        return self.core.incremental

    def honours(self, rule: Rule) -> bool:
        """Can its core keep to the rule?"""
        return self.core.honours(rule)

    def split(self, x: Tensor, heads: int) -> Tensor:
        """B T (H K) -> B H T K."""
        return x.unflatten(-1, (heads, -1)).transpose(1, 2)

    def merge(self, y: Tensor) -> Tensor:
        """B H T K -> B T D."""
        return self.out(y.transpose(1, 2).flatten(2))

    def project(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of memory (B S D): each B G S K."""
        return self.split(self.k(memory), self.groups), self.split(self.v(memory), self.groups)

    def start(self, rows: int, capacity: int | None, like: Tensor) -> Any:
        """Empty state for `rows`, of the type and device of `like`."""
        k, v = self.project(like.new_zeros(rows, 0, like.size(-1)))
        return self.core.start(k, v, capacity)

    def forward(self, x: Tensor, pass_: Pass, state: Any = None) -> tuple[Tensor, Any]:
        """Self-attention over x (B T D) and whatever `state` remembers."""
        q = self.position.turn(self.split(self.q(x), self.heads), pass_.pos)
        k, v, state = self._keys(x, pass_, state)
        y, state = self.core(q, k, v, scope_of(pass_).at(self.position), state)
        return self.merge(y), state

    def _keys(self, x: Tensor, pass_: Pass, state: Any) -> tuple[Tensor, Tensor, Any]:
        k, v = self.project(x)
        k = self.position.turn(k, pass_.pos)
        if state is None or not self.core.keeps_keys:
            return k, v, state
        state = state.append(k, v, pass_.start)
        return *state.seen(), state

    def remember(self, x: Tensor, pass_: Pass, state: Any) -> Any:
        """The state after x without attending: what a skipped layer does."""
        if self.core.keeps_keys:
            return self._keys(x, pass_, state)[2]
        return self.forward(x, pass_, state)[1]

    def read(self, x: Tensor, pass_: Pass, kv: tuple[Tensor, Tensor]) -> Tensor:
        """Cross-attention: x (B T D) asks, the memory's keys and values (N G S K) answer."""
        memory = pass_.memory
        assert memory is not None
        k, v = kv
        q = self.split(self.q(x), self.heads)  # B H T K
        B, H, T, _ = q.shape
        m = memory.per
        if m is None:
            k, v = k[memory.owner], v[memory.owner]
        elif m > 1:  # rows of one sentence ask as one: N H (m T) K
            q = q.unflatten(0, (-1, m)).transpose(1, 2).flatten(2, 3)
        y, _ = self.core(q, k, v, scope_of(pass_, cross=True).at(self.position), None)
        if m is not None and m > 1:
            y = y.unflatten(2, (m, T)).transpose(1, 2).flatten(0, 1)
        return self.merge(y)


def agree(core: Core, position: Position) -> None:
    """Refuse a position that the core cannot honour.

    Raises UserError in words that name both.
    """
    p, c = type(position).__name__, type(core).__name__
    if position.scores and not core.scores:
        instead = "rotary or sinusoidal" if "k" in core.uses else "sinusoidal"
        raise UserError(f"{p} adds to scores and {c} forms none: use {instead}")
    if "k" not in core.uses and type(position).turn is not Position.turn:
        raise UserError(f"{p} turns projected keys and {c} projects none: use sinusoidal")


def decodes(mixer: Any, rules: tuple[Rule, ...] = (Causal(),)) -> None:
    """Refuse a mixer that cannot run token by token under these rules.

    Raises UserError in words.
    """
    name = type(getattr(mixer, "core", mixer)).__name__
    if not mixer.incremental:
        raise UserError(f"{name} mixes all keys and cannot decode: use it in an encoder")
    for rule in rules:
        if not mixer.honours(rule):
            raise UserError(f"{name} cannot keep to {type(rule).__name__}: use softmax")
