"""Programs with their data flow: behind the code stand its variables' places, as nodes of a graph.

GraphCodeBERT, Guo et al. 2021, sections 3 and 4.3 (https://arxiv.org/abs/2009.08366). Tokens see
all tokens. A node sees itself, the nodes that its value comes from, and the tokens that it was
found in, which see it too; the first token of the row and those at the end of a text see all.
`N` rows, `S` tokens and nodes.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from regard.attention.scope import Edges, Rule
from regard.data.batching import pad
from regard.data.code.flow import flow
from regard.data.reading import Batch, Frame, Texts, framed
from regard.data.tokenizer.base import EOS, UNK, Tokenizer
from regard.recipe import Part, UserError
from regard.tasks.view.base import ViewConfig
from regard.tasks.view.program import Config as Program

NODE = UNK  # no text ever holds it


class Flowing(NamedTuple):
    """A row's ids, nodes last; each one's segment; how many are no nodes; edges i -> j, i sees j.

    Edges are those of nodes alone: that tokens see tokens need not be said.
    """

    ids: list[int]
    segments: list[int]
    tokens: int
    edges: list[tuple[int, int]]


@dataclass
class Flowed(Batch):
    """Padded rows, and who sees whom in them."""

    edges: Tensor  # N S S, True = may


class Config(ViewConfig):
    """`nodes`: of each text, the first so many. `program`: how its text is written."""

    program: Annotated[Any, Part("tasks.view", default="program")] = Program()
    nodes: int = Field(64, ge=1)

    @property
    def varied(self) -> bool:
        """If the text is."""
        return self.program.varied

    def text(self, text: str, rng: random.Random | None = None) -> str:
        """As a program's."""
        return self.program.text(text, rng)

    def frames(
        self, tokenizer: Tokenizer, rows: Sequence[Texts], longest: int,
        rng: random.Random | None = None,
    ) -> list[Flowing]:  # fmt: skip
        """At most `longest` tokens and then the nodes. Raises UserError if pieces are no bytes."""
        if tokenizer.facts.spelling != "plain":
            raise UserError("view: data_flow wants text cut as it is: data.tokenizer.kind=code")
        seen = [tuple(self.text(text, rng) for text in texts) for texts in rows]
        found = framed(tokenizer, seen, longest, rng)
        return [self.flowing(tokenizer, *both) for both in zip(found, seen, strict=True)]

    def flowing(self, tokenizer: Tokenizer, row: Frame, texts: Texts) -> Flowing:
        """One row with its nodes."""
        ids, segments, edges = (
            list(row.ids),
            [int(i >= row.second) for i in range(len(row.ids))],
            [],
        )
        bounds = [1, *[row.second] * (len(texts) - 1), len(row.ids)]
        for part, text in enumerate(texts):
            start, graph, first = bounds[part], flow(text), len(ids)
            cut = row.ids[start : bounds[part + 1] - 1]  # without eos
            stops = np.cumsum([len(tokenizer.bytes_of[i]) for i in cut])
            read = int(stops[-1]) if cut else 0
            kept = sum(stop <= read for _, stop in graph.spans[: self.nodes])
            for number in range(kept):
                here, (low, high) = first + number, graph.spans[number]
                begin, end = np.searchsorted(stops, low, "right"), np.searchsorted(stops, high)
                tokens = range(start + int(begin), start + int(end) + 1)
                edges += [(here, first + s) for s in (number, *graph.sources[number]) if s < kept]
                edges += [edge for t in tokens for edge in ((here, t), (t, here))]
            ids += [NODE] * kept
            segments += [part] * kept
        return Flowing(ids, segments, len(row.ids), edges)

    def collate(self, frames: Sequence[Flowing]) -> Flowed:
        """Rows of unequal length, padded on the right."""
        tokens = pad([row.ids for row in frames])
        N, S = tokens.shape
        edges = torch.zeros(N, S, S, dtype=torch.bool)
        for i, row in enumerate(frames):
            edges[i, : row.tokens, : row.tokens] = True
            if row.edges:
                q, k = torch.tensor(row.edges).T
                edges[i, q, k] = True
        whole = torch.arange(S) == 0
        sees_all = whole | (tokens == EOS)  # N S
        edges |= sees_all[:, :, None]
        return Flowed(tokens, tokens.ne(0), pad([row.segments for row in frames]), edges)

    def rules(self, batch: Batch) -> tuple[Rule, ...]:
        """The graph of each row."""
        return (Edges(batch.edges),) if isinstance(batch, Flowed) else ()
