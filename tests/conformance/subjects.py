"""What the invariants are checked on: a decoder or an encoder in use, and the rows they read.

A subject makes its states and reads rows of tokens; nothing here knows a kind. `B` rows, `S` source
and `T` target tokens, `D` width, `V` vocabulary.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from regard.attention.scope import Causal
from regard.state import Encoded, State

B, S, T, V, BOS, EOS = 3, 5, 7, 11, 1, 2
DRAW = torch.Generator().manual_seed(7)
SOURCE = torch.randint(3, V, (B, S), generator=DRAW)
SOURCE_OK = torch.arange(S) < torch.tensor([5, 3, 4])[:, None]
TARGET = torch.randint(3, V, (B, T), generator=DRAW)
OTHER = torch.randint(3, V, (8, 16), generator=DRAW)  # for rows that part ways
JUNK = 9

Rows = Sequence[int]
Rules = Callable[[Rows], tuple]


def causal(rows: Rows) -> tuple:
    """The rules of an ordinary decoder."""
    return (Causal(),)


class Decoding:
    """A Seq2Seq or an LM in use; `rules` gives those of the rows of these sentences."""

    def __init__(self, model: nn.Module, rules: Rules = causal):
        self.model, self.rules = model, rules
        self.reads = hasattr(model, "encode")
        self.encoded, self.full = lru_cache(self._encoded), lru_cache(self._full)

    def _encoded(self, width: int) -> Encoded:
        return self.model.encode(SOURCE[:, :width], SOURCE_OK[:, :width])

    def start(self, rows: Rows = range(B), capacity: int | None = None, width: int = S) -> State:
        """The state of one row for each of these sentences."""
        if not self.reads:
            return self.begin(None, rows, capacity)
        encoded = self.encoded(width)
        if list(rows) != list(range(B)):
            encoded = encoded.reorder(torch.tensor(rows))
        return self.begin(encoded, rows, capacity)

    def begin(self, encoded: Encoded | None, rows: Rows, capacity: int | None = None) -> State:
        """The same, over what was read."""
        return self.model.writer.start(
            encoded, rows=len(rows), capacity=capacity, rules=self.rules(rows)
        )

    def read(self, tokens: Tensor, state: State, ok: Tensor | None = None) -> tuple[Tensor, State]:
        """Hidden states (B T D)."""
        return self.model(tokens, state, ok)

    def _full(self) -> Tensor:
        """The target in one trip: what most invariants compare with."""
        return self.read(TARGET, self.start())[0]

    def fresh(self, sentences: Rows, rows: Sequence[Sequence[int]]) -> list[Tensor]:
        """Each row from the start, in one trip: T D each. What follows a row is unseen from it."""
        hidden, _ = self.read(padded(rows)[0], self.start(sentences))
        return [h[: len(row)] for h, row in zip(hidden, rows, strict=True)]


def padded(rows: Sequence[Sequence[int]], side: str = "right") -> tuple[Tensor, Tensor]:
    """Rows of different lengths as tokens and `ok`, with junk where there is none."""
    widest = max(map(len, rows))
    tokens, ok = torch.full((len(rows), widest), JUNK), torch.zeros(len(rows), widest).bool()
    for i, row in enumerate(rows):
        at = slice(0, len(row)) if side == "right" else slice(widest - len(row), widest)
        tokens[i, at], ok[i, at] = torch.tensor(list(row), dtype=torch.long), True
    return tokens, ok


class Replay:
    """Rows fed piece by piece; when settled, all that came out must be what fresh rows give."""

    def __init__(self, subject: Decoding, state: State, sentences: Rows):
        self.subject, self.state, self.sentences = subject, state, list(sentences)
        self.said: list[tuple[int, ...]] = [() for _ in sentences]
        self.claims: list[tuple[int, tuple[int, ...], Tensor]] = []
        self.turn = 0

    def feed(self, *lengths: int, side: str = "right") -> "Replay":
        """So many new tokens a row (one number: every row), different ones everywhere."""
        if len(lengths) == 1:
            lengths *= len(self.said)
        self.turn += 1
        rows = [OTHER[i, self.turn : self.turn + n].tolist() for i, n in enumerate(lengths)]
        tokens, ok = padded(rows, side)
        hidden, self.state = self.subject.read(tokens, self.state, None if ok.all() else ok)
        for i, row in enumerate(rows):
            self.said[i] += tuple(row)
            self.claims.append((self.sentences[i], self.said[i], hidden[i, ok[i]]))
        return self

    def reorder(self, *index: int) -> "Replay":
        """These rows."""
        self.state = self.state.reorder(torch.tensor(index, dtype=torch.long))
        self.sentences = [self.sentences[i] for i in index]
        self.said = [self.said[i] for i in index]
        return self

    def truncate(self, *n: int) -> "Replay":
        """Rows as they were."""
        self.state = self.state.truncate(torch.tensor(n))
        self.said = [row[:k] for row, k in zip(self.said, n, strict=True)]
        assert self.state.n.tolist() == [len(row) for row in self.said]
        return self

    def join(self, other: "Replay") -> "Replay":
        """The rows of both."""
        self.state = self.state.join(other.state)
        self.sentences, self.said = self.sentences + other.sentences, self.said + other.said
        self.claims, self.turn = self.claims + other.claims, max(self.turn, other.turn)
        return self

    def settle(self) -> None:
        """Hold every claim against a trip from the start."""
        told = {(i, said) for i, said, _ in self.claims}
        whole = [(i, said) for i, said in told
                 if not any(i == j and said == more[: len(said)] and said != more
                            for j, more in told)]  # fmt: skip
        fresh = self.subject.fresh([i for i, _ in whole], [said for _, said in whole])
        for i, said, got in self.claims:
            at = next(n for n, (j, w) in enumerate(whole) if j == i and w[: len(said)] == said)
            want = fresh[at][len(said) - len(got) : len(said)]
            close(got, want, f"sentence {i} after {len(said)} tokens")


def replay(subject: Decoding, rows: Rows = range(B), capacity: int | None = None,
           width: int = S) -> Replay:  # fmt: skip
    """A Replay of fresh rows."""
    return Replay(subject, subject.start(rows, capacity, width), rows)


def close(got: Tensor, want: Tensor, where: str = "", atol: float = 1e-9) -> None:
    """Equal but for rounding, and finite."""
    assert got.shape == want.shape, f"{where}: shape {tuple(got.shape)}, not {tuple(want.shape)}"
    far = float((got - want).detach().abs().max()) if got.numel() else 0.0
    assert far <= atol, f"{where}: {far:.3g} apart"  # NaN fails too


def tensors(thing: Any) -> Iterator[Tensor]:
    """Every tensor inside a state."""
    if isinstance(thing, Tensor):
        yield thing
    elif isinstance(thing, list | tuple):
        for part in thing:
            yield from tensors(part)
    elif is_dataclass(thing):
        for f in fields(thing):
            yield from tensors(getattr(thing, f.name))


def rewinds(state: State) -> bool:
    """Can every layer go back?"""
    return all(layer is None or layer.rewinds for layer in state.layers)


class Encoding:
    """A model that reads: rows of vectors (S D), real ones only, and the last states."""

    def __init__(self, model: nn.Module):
        self.model = model

    def read(self, tokens: Tensor, ok: Tensor | None = None) -> tuple[list[Tensor], list[Tensor]]:
        """Both of tokens (N S)."""
        e = self.model.encode(tokens, ok)
        ok = which(e, ok)
        real = [row if ok is None else row[ok[i]] for i, row in enumerate(e.x)]
        return real, list(tensors(e.summary))


def which(encoded: Encoded, ok: Tensor | None) -> Tensor | None:
    """What of it is real: as given, unless the row has got shorter."""
    same = ok is None or encoded.x.size(1) == ok.size(1)
    return ok if same else encoded.ok


def check_every_gradient(model: nn.Module) -> None:
    """There, and finite."""
    for name, p in model.named_parameters():
        assert p.grad is not None, f"{name} gets no gradient"
        assert p.grad.isfinite().all(), f"{name} gets a gradient that is not finite"
