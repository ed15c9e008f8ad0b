"""Minimum risk training: sampled outputs, weighed by how far they fall short of the reference.

Shen et al. 2016 (https://arxiv.org/abs/1512.02433, 3), reward chrF: risk = sum of Q (1 - chrF) over
the distinct samples, Q ~ p^sharpness; plus a share of likelihood, which keeps the model a language
model (Wu et al. 2018). `N` rows, `n` samples of each.
"""

import torch
from pydantic import Field
from torch import Tensor

from regard.data.parallel import Batch, Codec, collate
from regard.data.tokenizer.base import BOS, EOS, PAD
from regard.evaluate.scores import sentence_chrf
from regard.models.seq2seq import Seq2Seq
from regard.recipe import UserError
from regard.search.base import Limits
from regard.search.sample import sample
from regard.tasks.objective.base import Knows, Loss, ObjectiveConfig
from regard.tasks.objective.likelihood import taught
from regard.train.loss import log_probabilities, smoothed


class Config(ObjectiveConfig):
    """`samples` a sentence; `sharpness` of Q; `likelihood`: the share of plain likelihood."""

    samples: int = Field(8, ge=2)
    temperature: float = Field(1.0, gt=0)
    sharpness: float = Field(0.5, gt=0)
    likelihood: float = Field(0.3, ge=0, le=1)
    smoothing: float = Field(0.1, ge=0, lt=1)

    def __call__(self, model: Seq2Seq, batch: Batch, task: Knows) -> Loss:
        """Risk times tokens, so that its scale is likelihood's."""
        hidden, target, extra = taught(model, batch)
        total, plain = smoothed(hidden, model.head, target, self.smoothing)
        risk = self.risk(model, batch, task)
        mixed = extra + self.likelihood * total + (1 - self.likelihood) * risk.mean() * len(target)
        return Loss(mixed, {"nll": plain, "risk": risk.mean().detach() * len(target)})

    def risk(self, model: Seq2Seq, batch: Batch, task: Knows) -> Tensor:
        """Expected 1 - chrF of each row (N), with gradient through Q."""
        drawn = self.draw(model, batch, task.codec)
        N, n, device = len(drawn), self.samples, batch.source.device
        outputs = [ids for row in drawn for ids in row]
        decode = task.codec.target.decode
        golds = decode(batch.target_out.tolist())  # specials leave nothing
        reward = torch.tensor(
            [sentence_chrf(text, golds[i // n]) / 100 for i, text in enumerate(decode(outputs))],
            device=device,
        ).view(N, n)
        new = torch.tensor([[ids not in row[:i] for i, ids in enumerate(row)] for row in drawn])
        owner = torch.arange(N, device=device).repeat_interleave(n)
        again = collate(outputs, [[*ids, EOS] for ids in outputs]).to(device)
        rows = Batch(batch.source[owner], batch.source_ok[owner], again.target_in, again.target_out)
        hidden, target, _ = taught(model, rows)
        scores = torch.zeros(again.target_out.shape, device=device)
        scores[again.target_out != PAD] = log_probabilities(hidden, model.head, target)
        sharp = self.sharpness * scores.sum(1).view(N, n)
        q = sharp.masked_fill(~new.to(device), -torch.inf).softmax(-1)  # N n
        return (q * (1 - reward)).sum(1)

    @torch.no_grad()
    def draw(self, model: Seq2Seq, batch: Batch, codec: Codec) -> list[list[list[int]]]:
        """`samples` outputs a row, without dropout.

        They come from the global generator, so that a resumed run repeats them.
        """
        if codec.lead:
            raise UserError("objective: minimum_risk draws behind bos alone: use likelihood")
        training = model.training
        model.eval()
        longest = (batch.target_out != PAD).sum(1) * 3 // 2 + 5
        capacity = int(longest.max())
        state = model.start(model.encode(batch.source, batch.source_ok), capacity)
        limits = Limits(
            torch.full((len(longest),), BOS, device=batch.source.device),
            EOS, longest.tolist(), forbid=codec.silent,
            once=codec.reserved(batch.source.tolist()),
        )  # fmt: skip
        found = sample(
            model.step, state, limits, samples=self.samples, temperature=self.temperature
        )
        model.train(training)
        return [[h.tokens for h in row] for row in found]
