"""A tiny random language model with a state that must be reordered, and slow, obvious references.

Its next-token distribution depends on the sentence and on a hash of all tokens fed so far, so a
row that gets another row's state gives other probabilities. `B` sentences, `R` rows, `V` words.
"""

from dataclasses import dataclass, field, replace

import torch

EOS, BOS, HASHES, SOURCE = 0, 1, 101, 3


@dataclass
class ToyState:
    sentence: torch.Tensor  # (R,)
    hashed: torch.Tensor  # (R,)
    covered: torch.Tensor  # (R, S)
    rows: list[int] = field(default_factory=list)  # how many rows each step had

    def reorder(self, index):
        return replace(
            self,
            sentence=self.sentence[index],
            hashed=self.hashed[index],
            covered=self.covered[index],
        )


class Forgetful(ToyState):
    """A planted bug: the memory moves, what was read stays."""

    def reorder(self, index):
        return replace(
            self,
            sentence=self.sentence[index],
            hashed=self.hashed[torch.arange(len(index)) % len(self.hashed)],
            covered=self.covered[index],
        )


class Toy:
    def __init__(self, seed, sentences=3, vocabulary=5, sharpness=1.5):
        g = torch.Generator().manual_seed(seed)
        logits = sharpness * torch.randn(sentences, HASHES, vocabulary, generator=g).double()
        self.table = logits.log_softmax(-1)
        self.attention = torch.randn(sentences, HASHES, SOURCE, generator=g).softmax(-1)
        self.vocabulary, self.sentences = vocabulary, sentences

    def start(self, only=None, kind=ToyState):
        who = torch.arange(self.sentences) if only is None else torch.tensor(only)
        return kind(who, torch.zeros_like(who), torch.zeros(len(who), SOURCE))

    def step(self, tokens, state):
        assert tokens.shape == (len(state.sentence), 1)
        state.rows.append(len(tokens))
        hashed = (state.hashed * 31 + tokens[:, 0] * 7 + 5) % HASHES
        covered = state.covered + self.attention[state.sentence, hashed]
        return self.table[state.sentence, hashed], replace(state, hashed=hashed, covered=covered)

    def forced(self, sentence, tokens):
        """Log-probabilities of the tokens, and the distribution at each place."""
        state, last, scores, rows = self.start([sentence]), BOS, [], []
        for token in tokens:
            logprobs, state = self.step(torch.tensor([[last]]), state)
            scores.append(float(logprobs[0, token]))
            rows.append(logprobs[0])
            last = token
        return scores, rows, state


def produced(hypothesis):
    return [*hypothesis.tokens, EOS] if hypothesis.finished else list(hypothesis.tokens)


def everything(toy, sentence, max_len, alpha=0.0, beta=0.0):
    """All finished outputs, best ranking first: [(ranking, score, tokens)]."""
    found, said, sums, state = [], [[]], torch.zeros(1).double(), toy.start([sentence])
    for n in range(1, max_len + 1):
        logprobs, state = toy.step(torch.tensor([[BOS, *tokens][-1:] for tokens in said]), state)
        coverage = state.covered.clamp(max=1).log().sum(-1)
        for tokens, score, c in zip(
            said, (sums + logprobs[:, EOS]).tolist(), coverage.tolist(), strict=True
        ):
            found.append((score / ((5 + n) / 6) ** alpha + beta * c, score, tokens))
        words = range(1, toy.vocabulary)
        state = state.reorder(torch.arange(len(said)).repeat_interleave(len(words)))
        sums = (sums[:, None] + logprobs[:, 1:]).flatten()
        said = [[*tokens, word] for tokens in said for word in words]
    return sorted(found, key=lambda x: -x[0])


def textbook_beam(toy, sentence, max_len, size, alpha):
    """Beam search as a textbook writes it, never stopping early: the best ranked output."""
    live, ends = [([], 0.0)], []
    for _ in range(max_len):
        longer = []
        for tokens, score in live:
            for word, logprob in enumerate(toy.forced(sentence, [*tokens, EOS])[1][-1].tolist()):
                longer.append(([*tokens, word], score + logprob))
        longer = sorted(longer, key=lambda x: -x[1])[:size]
        ends += [x for x in longer if x[0][-1] == EOS]
        live = [x for x in longer if x[0][-1] != EOS]
    ranked = [(s / ((5 + len(t)) / 6) ** alpha, t) for t, s in ends or live]
    return max(ranked, default=None)
