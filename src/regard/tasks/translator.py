"""A translator in use: N lines in, N lines out, whatever the lines hold.

`N` sentences, `S` source tokens, `V` vocabulary.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from regard.data.batching import ok, pad
from regard.data.parallel import Codec
from regard.data.tokenizer.base import BOS, EOS
from regard.models.seq2seq import Seq2Seq
from regard.recipe import UserError
from regard.search.base import Hypothesis, Limits
from regard.search.ensemble import Ensemble, States
from regard.tasks.decode.base import Ask, DecodeConfig
from regard.tasks.lines import blank, one_line, pieces


@dataclass
class Translation:
    """A line's answer: its text, the log-probability of all its tokens, and how it came about."""

    text: str
    score: float = 0.0
    pieces: list[Hypothesis] = field(default_factory=list)


@dataclass
class Wish:
    """What one call asks for beyond the decoding settings.

    `best`: answers a line; `prefix`: how each answer must begin; `terms`: phrases each must hold.
    """

    direction: str | None = None
    best: int = 1
    prefix: Sequence[str] | None = None
    terms: Sequence[Sequence[str]] | None = None


class Translator:
    """One model, or several that answer together; texts in, texts out."""

    def __init__(self, models: Sequence[Seq2Seq], codec: Codec, decode: DecodeConfig, longest: int):
        self.models, self.codec, self.decode = [m.eval() for m in models], codec, decode
        self.longest = longest  # source tokens that the model reads at once
        self.batch_tokens = 4096

    @property
    def device(self) -> torch.device:
        """Where the models are."""
        return next(self.models[0].parameters()).device

    def translate(self, lines: Sequence[str], wish: Wish | None = None) -> list[Translation]:
        """The best answer to each line, in order; a blank line is answered by an empty one."""
        return [row[0] for row in self.n_best(lines, wish)]

    def n_best(self, lines: Sequence[str], wish: Wish | None = None) -> list[list[Translation]]:
        """Up to `wish.best` answers to each line, best first.

        A line too long for the model is cut at sentence ends and its pieces' answers are joined.
        """
        wish = wish or Wish()
        direction = self.codec.direction(wish.direction)
        cuts = [[] if blank(line) else pieces(line, self.fits) for line in lines]
        flat = [(i, piece) for i, row in enumerate(cuts) for piece in row]
        found = self.search([piece for _, piece in flat], [i for i, _ in flat], direction, wish)
        answers: list[list[list[Hypothesis]]] = [[] for _ in lines]
        for (i, _), hypotheses in zip(flat, found, strict=True):
            answers[i].append(hypotheses)
        return [self.joined(row) for row in answers]

    def fits(self, text: str) -> bool:
        """Can the model read this at once?"""
        if len(text) > 20 * self.longest:  # spares the tokenizer a pathological line
            return False
        return len(self.codec.source.encode([text])[0]) < self.longest

    def joined(self, row: list[list[Hypothesis]]) -> list[Translation]:
        """Answers of a line from those of its pieces; only a line of one piece has several."""
        if not row:
            return [Translation("")]
        if len(row) == 1:
            texts = self.codec.target.decode([h.tokens for h in row[0]])
            return [
                Translation(one_line(t), h.score, [h]) for t, h in zip(texts, row[0], strict=True)
            ]
        best = [hypotheses[0] for hypotheses in row]
        texts = self.codec.target.decode([h.tokens for h in best])
        text = " ".join(t for t in map(one_line, texts) if t)
        return [Translation(text, sum(h.score for h in best), best)]

    def search(
        self, texts: Sequence[str], lines: Sequence[int], direction: str, wish: Wish
    ) -> list[list[Hypothesis]]:
        """Hypotheses for each text; batches of like length, answers in order."""
        sources = self.codec.sources(texts, [direction] * len(texts))
        found: list[list[Hypothesis]] = [[] for _ in texts]
        for chosen in self.batches(sources):
            rows = [sources[i] for i in chosen]
            prefix = terms = None
            if wish.prefix is not None:
                prefix = self.codec.target.encode([wish.prefix[lines[i]] for i in chosen])
            if wish.terms is not None:
                terms = [self.codec.target.encode(wish.terms[lines[i]]) for i in chosen]
            ask = Ask(wish.best, terms, None, self.codec.target.decode)
            for i, answer in zip(chosen, self.decoded(rows, ask, prefix), strict=True):
                found[i] = answer
        return found

    def batches(self, sources: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        """Numbers of sources, longest first, within the token budget."""
        order = sorted(range(len(sources)), key=lambda i: (-len(sources[i]), i))
        start = 0
        while start < len(order):
            rows = max(1, self.batch_tokens // len(sources[order[start]]))
            yield order[start : start + rows]
            start += rows

    @torch.inference_mode()
    def decoded(
        self, sources: Sequence[Sequence[int]], ask: Ask, prefix: Sequence[Sequence[int]] | None
    ) -> list[list[Hypothesis]]:
        """Hypotheses for encoded sources (eos included)."""
        source = pad(sources).to(self.device)
        real = ok(source)
        longest = [2 * len(s) + 20 for s in sources]
        if prefix is not None:
            longest = [max(n, len(p) + 20) for n, p in zip(longest, prefix, strict=True)]
        states = [m.start(m.encode(source, real), min(max(longest), 64)) for m in self.models]
        bos = torch.full((len(sources),), BOS, device=self.device)
        limits = Limits(bos, EOS, longest, forbid=self.codec.silent, prefix=prefix)
        if len(self.models) == 1:
            return self.decode.run(self.models[0].step, states[0], limits, ask)
        together: Any = Ensemble([m.step for m in self.models])
        return self.decode.run(together, States(states), limits, ask)

    @torch.inference_mode()
    def score(
        self, sources: Sequence[str], targets: Sequence[str], direction: str | None = None
    ) -> list[float]:
        """Log-probability of each given target: as reported for an output of our own.

        Raises UserError if there are not as many of both.
        """
        if len(sources) != len(targets):
            raise UserError(f"{len(sources)} sources and {len(targets)} targets: lines must match")
        direction = self.codec.direction(direction)
        ids = self.codec.sources(sources, [direction] * len(sources))
        golds = self.codec.targets(targets)
        scores = [0.0] * len(ids)
        for chosen in self.batches([s + t for s, t in zip(ids, golds, strict=True)]):
            made = self.forced([ids[i] for i in chosen], [golds[i] for i in chosen])
            for i, row in zip(chosen, made, strict=True):
                scores[i] = sum(row)
        return scores

    def forced(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
    ) -> list[list[float]]:
        """Log-probability of each target token (eos included) given what comes before it."""
        source, target = pad(sources).to(self.device), pad(targets).to(self.device)
        into = torch.cat([target.new_full((len(target), 1), BOS), target[:, :-1]], 1)
        parts = [
            m.logits(m.teach(source, ok(source), into)).float().log_softmax(-1) for m in self.models
        ]
        mean = torch.stack(parts).logsumexp(0) - torch.tensor(float(len(parts))).log()
        chosen = mean.gather(2, target[..., None])[..., 0].tolist()
        return [row[: len(t)] for row, t in zip(chosen, targets, strict=True)]
