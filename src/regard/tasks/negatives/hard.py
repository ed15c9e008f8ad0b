"""Look-alikes share a batch: with each row that chance brings come some of its nearest.

Near is who shares many rare tokens (the cosine of TF-IDF vectors), before anything was learnt.
Hard negatives teach more than easy ones: Robinson et al. 2021 (https://arxiv.org/abs/2010.04592).
`N` rows, `V` vocabulary, `K` neighbours.
"""

import numpy as np
import torch
from pydantic import Field

from regard.tasks.negatives.base import NegativesConfig, Rows

STRETCH = 512  # rows that are compared with all others at once


class Config(NegativesConfig):
    """`near`: how many look-alikes come with a row. `pool`: of how many they are drawn."""

    near: int = Field(3, ge=1)
    pool: int = Field(20, ge=1)

    def learn(self, rows: Rows, vocabulary: int) -> np.ndarray:
        """The nearest rows of each, N K."""
        weighed = tf_idf(rows, vocabulary)
        most = min(self.pool, len(rows) - 1)
        found = []
        for start in range(0, len(rows), STRETCH):
            alike = weighed[start : start + STRETCH] @ weighed.T
            alike[torch.arange(len(alike)), start + torch.arange(len(alike))] = -1  # not oneself
            found.append(alike.topk(most).indices)
        return torch.cat(found).numpy()

    def batches(
        self, lengths: np.ndarray, known: np.ndarray | None, budget: int, seed: int, turn: int
    ) -> list[np.ndarray]:
        """Rows in their order, cut where a batch is full."""
        assert known is not None
        rng = np.random.default_rng([seed, turn, 2])
        order, size = self.order(known, rng), lengths.max(1)
        found, start, longest = [], 0, 0
        for at, row in enumerate(order):
            longest = max(longest, int(size[row]))
            if at > start and (at + 1 - start) * longest > budget:
                found.append(order[start:at])
                start, longest = at, int(size[row])
        found.append(order[start:])
        return [found[i] for i in rng.permutation(len(found))]

    def order(self, known: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Every row once; behind one that chance brings, `near` of its nearest still left."""
        left = np.ones(len(known), bool)
        order: list[int] = []
        for row in rng.permutation(len(known)):
            if left[row]:
                left[row] = False
                there = [i for i in rng.permutation(known[row]) if left[i]][: self.near]
                left[there] = False
                order += [int(row), *map(int, there)]
        return np.array(order)


def tf_idf(rows: Rows, vocabulary: int) -> torch.Tensor:
    """A vector of length 1 for each row, N V."""
    counts = torch.zeros(len(rows), vocabulary)
    for i, row in enumerate(rows):
        counts[i] = torch.from_numpy(np.bincount(row, minlength=vocabulary)).float()
    often = (counts > 0).sum(0)
    weighed = counts.log1p() * (len(rows) / often.clamp_min(1)).log()
    return torch.nn.functional.normalize(weighed, dim=1)
