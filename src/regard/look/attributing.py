"""Which words an answer rests on: slopes of its score, and where the model attends.

Texts are judged together in one row (a classifier, a cross-encoder), or each in a row of its own
and then compared (a bi-encoder). `n` copies of a row, `S` tokens, `D` width, `C` numbers that the
head gives.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from regard.data.reading import Batch, Texts
from regard.data.tokenizer.base import EOS, Tokenizer
from regard.look.attributed import Attributed
from regard.recipe import UserError
from regard.tasks.attending import caught
from regard.tasks.classifier import Classifier, Judgement
from regard.tasks.heads import twin
from regard.tasks.lines import blank
from regard.tasks.pair_scorer import PairScorer

STEPS = 32  # of the way from nothing to the input
TOKENS = 4096  # that are read at once on this way
Used = Classifier | PairScorer
Score = Callable[[list[Tensor]], Tensor]  # n C of each row -> n
By = dict[str, list[Tensor]]  # by method, what each token of each row counts for (S)


def attribute(used: Used, texts: Texts) -> Attributed:
    """What each word of a row counts for in its answer, by every method that the model has.

    Others may use the classifier at the same time. Raises UserError for a blank text, or for
    another number of them than a row has.
    """
    if len(texts) != used.columns or any(map(blank, texts)):
        wanted = ("one text", "two texts")[used.columns - 1]
        got = "a blank one" if len(texts) == used.columns else str(len(texts))
        raise UserError(f"look: this run reads {wanted} with words in them, got {got}")
    judged = used.classify([texts])[0]
    view, model = used.recipe.view, twin(used.model)  # hooks on it are nobody else's
    split = [(text,) for text in texts] if isinstance(used, PairScorer) else [texts]
    rows = [Row(model, view, frame) for frame in view.frames(used.tokenizer, split, used.longest)]
    score, explains, height = explained(used, judged)
    found = slopes(rows, score)
    looks = attention(rows)
    seen = [view.text(text) for text in texts]
    shown = [seen] if len(rows) == 1 else [[text] for text in seen]
    words = {
        name: [
            line
            for row, own, x in zip(rows, shown, values, strict=True)
            for line in by_word(used.tokenizer, own, row.frame.ids, x.tolist())
        ]
        for name, values in (found | looks).items()
    }
    marks = {
        name: sum(float(x.sum()) for x in values) - sum(x or 0 for row in words[name] for x in row)
        for name, values in (found | looks).items()
    }
    missing = "" if looks else "no layer of this model says in weights where it looks"
    return Attributed(
        seen, judged.label, judged.probabilities, explains, height,
        [text.split() for text in seen], words, marks, missing,
    )  # fmt: skip


class Row:
    """What a model makes of one row, from its embedded tokens on."""

    def __init__(self, model: Any, view: Any, frame: Any):
        self.model, self.view, self.frame = model, view, frame
        self.device = next(model.parameters()).device

    def batch(self, copies: int = 1) -> Batch:
        """So many copies of it."""
        return self.view.collate([self.frame] * copies).to(self.device)

    @torch.no_grad()
    def embedded(self) -> Tensor:
        """What the embedding gives, before positions are added: 1 S D."""
        return self.model.reader.embed(self.batch().tokens)

    def said(self, x: Tensor) -> Tensor:
        """What the head gives for embedded tokens (n S D), n C."""
        b = self.batch(len(x))
        rules = self.view.rules(b)
        return self.model.answer(
            self.model.reader.read(x, b.tokens, b.ok, b.segments, rules)
        ).float()


def explained(used: Used, judged: Judgement) -> tuple[Score, str, bool]:
    """The number whose slopes are taken, its name, and whether it is a height, not a label's score.

    Of labels: the answer's score above the mean of all scores, since softmax sees differences only.
    Of numbers, and of labels in an order: how high it is. Of texts read apart: their cosine.
    """
    if isinstance(used, PairScorer):
        return lambda rows: (rows[0] * rows[1]).sum(-1), "how alike the two texts are", True
    with torch.no_grad():
        width = used.model.head(torch.zeros(1, used.model.reader.dim, device=used.device)).size(1)
    if used.recipe.readout.numeric or width != len(used.labels):
        return lambda rows: rows[0].sum(1), "how high the answer is", True
    place = used.labels.index(judged.label)
    named = f"the score of {judged.label!r} above the mean"
    return lambda rows: rows[0][:, place] - rows[0].mean(1), named, False


def slopes(rows: Sequence[Row], score: Score) -> By:
    """Gradient × input (Shrikumar et al. 2016, https://arxiv.org/abs/1605.01713) and integrated
    gradients from nothing (Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365).
    """
    inputs = [row.embedded() for row in rows]

    def slope(way: Tensor) -> list[Tensor]:
        """Summed over parts of the way (n 1 1): S D of each row."""
        parts = [(x * way).detach().requires_grad_() for x in inputs]
        said = [row.said(x) for row, x in zip(rows, parts, strict=True)]
        return [found.sum(0) for found in torch.autograd.grad(score(said).sum(), parts)]

    with torch.enable_grad():
        here = slope(inputs[0].new_ones(1, 1, 1))
        way = (torch.arange(STEPS, device=inputs[0].device) + 0.5) / STEPS
        most = max(1, TOKENS // sum(x.size(1) for x in inputs))
        each = [slope(part.to(inputs[0])[:, None, None]) for part in way.split(most)]
    mean = [torch.stack(found).sum(0) / STEPS for found in zip(*each, strict=True)]
    return {
        name: [(x[0] * found).sum(-1) for x, found in zip(inputs, gradients, strict=True)]
        for name, gradients in (("gradient", here), ("integrated", mean))
    }


@torch.no_grad()
def attention(rows: Sequence[Row]) -> By:
    """How much a row's vector takes of each token: as the last layer says, and by attention rollout
    (Abnar & Zuidema 2020, https://arxiv.org/abs/2005.00928, section 3); heads are averaged.

    Empty for a model that says it of no layer, or whose layers change the row's length.
    """
    last, through = [], []
    for row in rows:
        b = row.batch()
        with caught(row.model) as seen:
            encoded = row.model.reader(b.tokens, b.ok, b.segments, row.view.rules(b))
        layers = [x[0].float().mean(0) for calls in seen.values() for x in calls]  # S S each
        S = b.tokens.size(1)
        if not layers or encoded.x.size(1) != S or any(x.shape != (S, S) for x in layers):
            return {}
        own = taken(encoded.x[0], row.model.pool) / len(rows)
        last.append(own @ layers[-1])
        for weights in reversed(layers):  # the stream counts as much as what is added to it
            own = (own + own @ weights) / 2
        through.append(own)
    return {"attention": last, "rollout": through}


def taken(x: Tensor, pool: str) -> Tensor:
    """Which share of the pooled vector comes from each position (x: S D), S."""
    if pool == "first":
        return torch.eye(len(x), device=x.device)[0]
    if pool == "mean":
        return x.new_full((len(x),), 1 / len(x), dtype=torch.float32)
    return torch.bincount(x.argmax(0), minlength=len(x)) / x.size(1)


def by_word(
    tokenizer: Tokenizer, texts: Sequence[str], ids: Sequence[int], values: Sequence[float]
) -> list[list[float | None]]:
    """What a word's tokens have together, for the words of each text; None for what was cut off."""
    found: list[list[float | None]] = []
    start = 1  # behind bos
    for text in texts:
        while found and ids[start] == EOS:  # one, or two, between texts
            start += 1
        end = ids.index(EOS, start)
        row: list[float | None] = [None] * len(text.split())
        at = tokenizer.word_index(text, ids[start:end])
        for word, value in zip(at, values[start:end], strict=True):
            if word >= 0:
                row[word] = (row[word] or 0.0) + value
        found.append(row)
        start = end
    return found
