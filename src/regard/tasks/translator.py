"""A translator in use: N lines in, N lines out, whatever the lines hold."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch

from regard.data.batching import ok, pad
from regard.data.parallel import Codec, collate
from regard.data.tokenizer.base import BOS, EOS, PAD
from regard.models.seq2seq import Seq2Seq
from regard.recipe import UserError
from regard.search.base import Hypothesis, Limits
from regard.search.ensemble import Ensemble, States
from regard.tasks.confidence import Confidence
from regard.tasks.decode.base import Ask, DecodeConfig
from regard.tasks.engine import Engine
from regard.tasks.lines import blank, one_line, pieces
from regard.tasks.workers import BATCH, batches, side_by_side
from regard.train.loss import log_probabilities


@dataclass
class Translation:
    """A line's answer: its text, the log-probability of all its tokens, how it came about, and
    how probable it is to be good (None: the run does not know).
    """

    text: str
    score: float = 0.0
    pieces: list[Hypothesis] = field(default_factory=list)
    confidence: float | None = None


@dataclass
class Wish:
    """What one call asks for beyond the decoding settings.

    `best`: answers a line; `prefix`: how each answer must begin; `terms`: phrases each must hold.
    Where a line is cut because it is too long, its first piece answers to both; for a hidden mark
    it is the piece that has it.
    """

    direction: str | None = None
    best: int = 1
    prefix: Sequence[str] | None = None
    terms: Sequence[Sequence[str]] | None = None


class Job(NamedTuple):
    """A line or a piece of one, its marks hidden if the run does that; how its answer must begin
    (the codec's lead and all) and what it must hold, in token ids.
    """

    line: int
    text: str
    prefix: Sequence[int] = ()
    terms: Sequence[Sequence[int]] = ()


class Translator:
    """One model, or several that answer together; texts in, texts out."""

    def __init__(self, models: Sequence[Seq2Seq], codec: Codec, decode: DecodeConfig, longest: int):
        self.models, self.codec, self.decode = [m.eval() for m in models], codec, decode
        self.longest = longest  # source tokens that the model reads at once, eos and tag counted
        self.batch_tokens = BATCH  # in one batch: tokens times hypotheses a sentence
        self.engine: Engine | None = None  # answers what it takes, in place of our own search
        self.confidence: Confidence | None = None  # how sure one can be of the answers

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
        Raises UserError if the wish has not one prefix, or list of terms, for each line.
        """
        wish = wish or Wish()
        direction = self.codec.direction(wish.direction)
        jobs = self.cut(self.jobs(lines, wish))
        answers: list[list[list[Hypothesis]]] = [[] for _ in lines]
        for job, hypotheses in zip(jobs, self.search(jobs, direction, wish.best), strict=True):
            answers[job.line].append(hypotheses)
        found = [self.joined(row, line) for row, line in zip(answers, lines, strict=True)]
        if self.confidence is not None:
            self.confidence.rate(lines, found, direction)
        return found

    def jobs(self, lines: Sequence[str], wish: Wish) -> list[Job]:
        """One for each line that is not blank, with what is asked for it."""
        prefixes = [""] * len(lines) if wish.prefix is None else list(wish.prefix)
        terms = [()] * len(lines) if wish.terms is None else list(wish.terms)
        for name, given in (("prefix", prefixes), ("terms", terms)):
            if len(given) != len(lines):
                raise UserError(f"{name}: {len(given)} for {len(lines)} lines; give each line one")
        for i, row in enumerate(terms, 1):
            if isinstance(row, str) or any(map(blank, row)):
                raise UserError(f"terms: line {i} wants a list of phrases, none of them blank")
        begin = self.codec.begin(self.codec.direction(wish.direction))
        masked = [self.codec.masks.of(line) for line in lines]
        begun = [line.like(prefix) for line, prefix in zip(masked, prefixes, strict=True)]
        asked = zip(masked, self.codec.target.encode(begun), terms, strict=True)
        phrases = self.codec.phrases
        return [
            Job(i, line.text, [*begin, *prefix], phrases(line.phrases(row)) if row else [])
            for i, (line, prefix, row) in enumerate(asked)
            if not blank(line.text)
        ]

    def cut(self, jobs: Sequence[Job]) -> list[Job]:
        """Jobs that the model can read at once."""
        whole, found = self.fit([job.text for job in jobs]), []
        for job, fits in zip(jobs, whole, strict=True):
            parts = [] if fits else pieces(job.text, lambda text: self.fit([text])[0])
            found += [self.part(job, piece, not n) for n, piece in enumerate(parts)] or [job]
        return found

    def part(self, job: Job, piece: str, first: bool) -> Job:
        """A job for a piece of a job's line, which answers to the marks that it has."""
        held = self.codec.target.characters
        marked = [[held[i] for i in term if i in held] for term in job.terms]
        asked = zip(job.terms, marked, strict=True)
        terms = [x for x, own in asked if (own or first) and all(c in piece for c in own)]
        prefix = job.prefix if first else job.prefix[: self.codec.lead]
        return Job(job.line, piece, prefix, terms)

    def fits(self, text: str) -> bool:
        """Can the model read this at once?"""
        return self.fit([self.codec.masks.of(text).text])[0]

    def fit(self, texts: Sequence[str]) -> list[bool]:
        """Can the model read each of these, whose marks are hidden, at once?"""
        likely = [len(text) <= 20 * self.longest for text in texts]  # a pathological line is not
        ids = iter(self.codec.source.encode([t for t, x in zip(texts, likely, strict=True) if x]))
        most = self.longest - max(map(self.codec.around, self.codec.directions))
        return [x and len(next(ids)) <= most for x in likely]

    def joined(self, row: list[list[Hypothesis]], line: str) -> list[Translation]:
        """Answers to a line from those of its pieces; only a line of one piece has several."""
        if not row:
            return [Translation("")]
        if len(row) == 1:
            texts = self.texts([h.tokens for h in row[0]], line)
            return [Translation(t, h.score, [h]) for t, h in zip(texts, row[0], strict=True)]
        best = [hypotheses[0] for hypotheses in row]
        text = " ".join(t for t in self.texts([h.tokens for h in best], line) if t)
        return [Translation(text, sum(h.score for h in best), best)]

    def texts(self, tokens: Sequence[Sequence[int]], line: str) -> list[str]:
        """What answers to a line, or beginnings of them, say; its marks are in their places."""
        shown = self.codec.masks.of(line).shown
        return [one_line(shown(text)) for text in self.codec.target.decode(tokens)]

    def search(self, jobs: Sequence[Job], direction: str, best: int) -> list[list[Hypothesis]]:
        """Hypotheses for each job, in order; batches of like length."""
        sources = self.codec.sources([job.text for job in jobs], [direction] * len(jobs))
        found = self.by_engine(sources, jobs, best)
        left = [i for i in range(len(jobs)) if i not in found]

        def answers(batch: list[int]) -> dict[int, list[Hypothesis]]:
            chosen = [left[i] for i in batch]
            ask = Ask(best, [jobs[i].terms for i in chosen], None, self.codec.target.decode)
            prefix = [jobs[i].prefix for i in chosen]
            made = self.decoded([sources[i] for i in chosen], ask, prefix)
            return dict(zip(chosen, made, strict=True))

        width = max(self.decode.width, best)
        parts = torch.get_num_threads() if self.device.type == "cpu" else 1
        divided = batches([len(sources[i]) for i in left], width, self.batch_tokens, parts)
        for made in side_by_side(answers, divided, self.device):
            found |= made
        return [found[i] for i in range(len(jobs))]

    def by_engine(
        self, sources: Sequence[Sequence[int]], jobs: Sequence[Job], best: int
    ) -> dict[int, list[Hypothesis]]:
        """Hypotheses for those jobs, by number, that the engine (if there is one) can do."""
        prefix = [job.prefix for job in jobs]
        ask = Ask(best, [job.terms for job in jobs], None, self.codec.target.decode)
        if not jobs or self.engine is None or self.codec.lead != getattr(self.engine, "lead", 0):
            return {}
        if not self.engine.takes(self.decode, ask, prefix):
            return {}
        longest = rooms(sources, ask, prefix)
        once, silent = self.codec.reserved(sources), self.codec.silent
        limits = Limits(BOS, EOS, longest, forbid=silent, prefix=prefix, once=once)
        made = self.engine.decoded(sources, self.decode, ask, limits)
        return {i: row for i, row in enumerate(made) if row is not None}

    @torch.inference_mode()
    def decoded(
        self, sources: Sequence[Sequence[int]], ask: Ask, prefix: Sequence[Sequence[int]]
    ) -> list[list[Hypothesis]]:
        """Hypotheses for encoded sources (eos included), one prefix each, the codec's lead and
        all; they say what comes behind the lead, and their scores are of that.
        """
        source = pad(sources).to(self.device)
        real = ok(source)
        longest = rooms(sources, ask, prefix)
        states = [m.start(m.encode(source, real), min(max(longest), 64)) for m in self.models]
        lead = self.codec.lead
        first = torch.tensor([[BOS, *row[:lead]] for row in prefix], device=self.device)  # N 1+lead
        bos, prefix = first[:, -1], [row[lead:] for row in prefix]
        if lead:
            read = zip(self.models, states, strict=True)
            states = [m(first[:, :-1], state)[1] for m, state in read]
        once, silent = self.codec.reserved(sources), self.codec.silent
        limits = Limits(bos, EOS, longest, forbid=silent, prefix=prefix, once=once)
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
        ids, golds = self.codec.given(sources, targets, direction)
        scores = [0.0] * len(ids)
        lengths = [len(s) + len(t) for s, t in zip(ids, golds, strict=True)]
        for chosen in batches(lengths, 1, self.batch_tokens):
            made = self.forced([ids[i] for i in chosen], [golds[i] for i in chosen])
            for i, row in zip(chosen, made, strict=True):
                scores[i] = sum(row[self.codec.lead :])
        return scores

    def forced(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
    ) -> list[list[float]]:
        """Log-probability of each target token (eos included) given what comes before it."""
        batch = collate(sources, targets).to(self.device)
        real = batch.target_out != PAD
        parts = []
        for m in self.models:
            hidden = m.teach(batch.source, batch.source_ok, batch.target_in)[real]
            parts.append(log_probabilities(hidden, m.head, batch.target_out[real]))
        mean = torch.stack(parts).logsumexp(0) - math.log(len(parts))  # of the probabilities
        return [row.tolist() for row in mean.split([len(t) for t in targets])]


def room(source: int, forced: int = 0) -> int:
    """The most tokens (eos counted) of an answer to so many, so many of its own given."""
    return max(2 * source, forced) + 20


def rooms(sources: Sequence[Sequence[int]], ask: Ask, prefix: Sequence[Sequence[int]]) -> list[int]:
    """That of each row."""
    phrases = ask.phrases or [[]] * len(sources)
    return [
        room(len(s), len(p) + sum(map(len, row)))
        for s, p, row in zip(sources, prefix, phrases, strict=True)
    ]
