"""Long-short range attention: some channels attend far away, the others look at neighbours.

Branch: Architecture / Lightweight
Paper: Lite Transformer with Long-Short Range Attention, Wu et al. 2020, section 4,
  https://arxiv.org/abs/2004.11886
Formula: y = [attention(a), convolution(b)], where x = [a, b] by channels
Cost: time O(T S D), memory O(T S); a share of that of its attention
Causal: yes, if its attention is
Scores: yes, on a share of the channels
Limit: with all channels to attention it is attention

The paper halves the channels; its heads of attention are as many as `attention` has, each narrower
by the share, so that positions made for whole heads are refused. As in the paper nothing mixes the
two ways but the feed-forward that follows.
"""

from typing import Annotated, Any

import torch
from torch import Tensor, nn

from regard.attention.scope import Rule
from regard.mixer._near import MixerConfig, refuse
from regard.mixer._several import apart, together
from regard.pass_ import Pass
from regard.position.base import Position
from regard.recipe import Part, UserError


class Config(MixerConfig):
    """`share` of the channels goes to `attention`, the rest to `near`."""

    attention: Annotated[Any, Part("attention", default="softmax")] = "softmax"
    near: Annotated[Any, Part("mixer", default="lightweight")] = "lightweight"
    share: float = 0.5

    @property
    def heads(self) -> int:
        """Those of its attention, for positions that count them."""
        return self.attention.heads

    def build(self, dim: int, position: Position | None = None) -> Any:
        """Both ways. Raises UserError for positions that a part of the channels cannot take."""
        far = round(self.share * dim)
        if not 0 < far <= dim:
            raise UserError(f"lite: a share of {self.share} is no part of the channels; give 0.5")
        if far < dim:
            refuse(position, self, "has narrower ones than it is made for")
        rest = self.near.build(dim - far) if far < dim else None
        return Lite(self.attention.build(far, position), rest, far)


class Lite(nn.Module):
    """The first `far` channels go one way, the rest the other."""

    def __init__(self, attention: nn.Module, rest: nn.Module | None, far: int):
        super().__init__()
        self.ways: Any = nn.ModuleList([attention] if rest is None else [attention, rest])
        self.far = far

    @property
    def incremental(self) -> bool:
        """May both run token by token?"""
        return all(way.incremental for way in self.ways)

    def honours(self, rule: Rule) -> bool:
        """Can both keep to the rule?"""
        return all(way.honours(rule) for way in self.ways)

    def split(self, x: Tensor) -> list[Tensor]:
        """B T D by channels, as many as there are ways."""
        return [x[..., : self.far], x[..., self.far :]][: len(self.ways)]

    def start(self, rows: int, capacity: int | None, like: Tensor) -> Any:
        """Both empty states."""
        pairs = zip(self.ways, self.split(like), strict=True)
        return together([way.start(rows, capacity, part) for way, part in pairs])

    def forward(self, x: Tensor, pass_: Pass, state: Any = None) -> tuple[Tensor, Any]:
        """B T D -> B T D."""
        own = apart(state, len(self.ways))
        parts = zip(self.ways, self.split(x), own, strict=True)
        answers, new = zip(*(way(a, pass_, b) for way, a, b in parts), strict=True)
        return torch.cat(answers, -1), together(list(new))

    def remember(self, x: Tensor, pass_: Pass, state: Any) -> Any:
        """Both take notice."""
        parts = zip(self.ways, self.split(x), apart(state, len(self.ways)), strict=True)
        return together([way.remember(a, pass_, b) for way, a, b in parts])
