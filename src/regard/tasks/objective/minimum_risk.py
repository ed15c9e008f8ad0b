"""Minimum risk training: sampled outputs, weighed by how far they fall short of the reference.

Shen et al. 2016 (https://arxiv.org/abs/1512.02433, 3), reward chrF: risk = sum of Q (1 - chrF), Q ~ p^sharpness over the samples;
plus a share of likelihood, which keeps the model a language model (Wu et al. 2018). `N` rows, `n` samples.
"""

from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from regard.data.parallel import Batch, collate
from regard.data.tokenizer.base import BOS, EOS, PAD
from regard.evaluate.scores import sentence_chrf
from regard.models.seq2seq import Seq2Seq
from regard.search.base import Limits
from regard.search.sample import sample
from regard.tasks.objective.base import Loss, ObjectiveConfig
from regard.tasks.objective.likelihood import taught
from regard.train.loss import log_probabilities, smoothed


class Config(ObjectiveConfig):
    """`samples` a sentence; `sharpness` of Q; `likelihood`: the share of plain likelihood."""

    samples: int = Field(8, ge=2)
    temperature: float = Field(1.0, gt=0)
    sharpness: float = Field(0.5, gt=0)
    likelihood: float = Field(0.3, ge=0, le=1)
    smoothing: float = Field(0.1, ge=0, lt=1)

    def __call__(self, model: Seq2Seq, batch: Batch, task: Any) -> Loss:
        """Risk times tokens, so that its scale is likelihood's."""
        hidden, target = taught(model, batch)
        total, plain = smoothed(hidden, model.head, target, self.smoothing)
        risk = self.risk(model, batch, task)
        mixed = self.likelihood * total + (1 - self.likelihood) * risk.mean() * len(target)
        return Loss(mixed, {"nll": plain, "risk": risk.mean().detach() * len(target)})

    def risk(self, model: Seq2Seq, batch: Batch, task: Any) -> Tensor:
        """Expected 1 - chrF of each row (N), with gradient through Q."""
        drawn = self.draw(model, batch, task.codec.silent)
        n, N = self.samples, len(drawn)
        texts = task.codec.target.decode([ids for row in drawn for ids in row])
        golds = task.codec.target.decode(
            [[i for i in row if i not in (PAD, EOS)] for row in batch.target_out.tolist()]
        )
        reward = torch.tensor(
            [sentence_chrf(texts[r * n + i], golds[r]) / 100 for r in range(N) for i in range(n)]
        ).view(N, n)
        owner = torch.arange(N).repeat_interleave(n)
        targets = [[*ids, EOS] for row in drawn for ids in row]
        again = collate([[EOS]] * len(targets), targets).to(batch.source.device)
        rows = Batch(
            batch.source[owner], batch.source_ok[owner], again.target_in, again.target_out
        )
        hidden, target = taught(model, rows)
        spread = rows.target_out.new_zeros(rows.target_out.shape, dtype=torch.float32)
        real = rows.target_out != PAD
        spread[real] = log_probabilities(hidden, model.head, target)
        q = (self.sharpness * spread.sum(1).view(N, n)).softmax(-1)  # N n
        return (q * (1 - reward.to(q.device))).sum(1)

    @torch.no_grad()
    def draw(self, model: Seq2Seq, batch: Batch, silent: list[int]) -> list[list[list[int]]]:
        """`samples` outputs a row, without dropout, from the global generator (so that resuming repeats them)."""
        training = model.training
        model.eval()
        longest = (batch.target_out != PAD).sum(1) * 3 // 2 + 5
        capacity = int(longest.max())
        state = model.start(model.encode(batch.source, batch.source_ok), capacity)
        limits = Limits(
            torch.full((len(longest),), BOS, device=batch.source.device),
            EOS, longest.tolist(), forbid=silent,
        )  # fmt: skip
        found = sample(
            model.step, state, limits, samples=self.samples, temperature=self.temperature
        )
        model.train(training)
        return [[h.tokens for h in row] for row in found]
