"""From texts to answers: texts fall into lines, lines go through the queue, marks come through."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from regard.data.glossary import Glossary
from regard.data.marks import marks, survive
from regard.files import html
from regard.files.base import Answer as Filled
from regard.files.filling import framed
from regard.recipe import UserError
from regard.serve.batching import AGAIN, Batcher, Key, Line
from regard.serve.runs import Runs
from regard.tasks.lines import blank
from regard.tasks.survive import HOW, Asked, How, Kept, surviving
from regard.tasks.translator import Translation, Translator, Wish


@dataclass(frozen=True)
class Answer:
    """A line's, or a text's: `how` it came about, and up to n others, best first."""

    text: str
    score: float = 0.0
    confidence: float | None = None
    how: How = "model"
    n_best: list[tuple[str, float]] = field(default_factory=list)


EMPTY = Answer("", n_best=[("", 0.0)])


OPENING = "{<`&|["  # where marks begin
CROWDED = 60  # of these in a line: it is no language, and looking for its marks takes for ever
WORD = re.compile(r"[\w.+-]{1000}", re.ASCII)
MANY = 6  # marks that a search can be made to say; with more of them a line goes piece by piece


def crowded(text: str) -> bool:
    """Is it so full of marks that it stays as it is?"""
    return sum(map(text.count, OPENING)) > CROWDED or bool(WORD.search(text))


# -- in the threads of the queue -------------------------------------------------------------------


def search(runs: Runs, read: Callable[[str, int], object]) -> Callable[[Key, Any], list[Any]]:
    """What the queue's threads do with lines of one key; `read` is told how many tokens."""

    def work(key: Key, lines: Sequence[Line]) -> list[Any]:
        translator, texts = runs[key.run].translator, [line.text for line in lines]
        if key.again:
            made = mended(translator, texts, key.direction)
            return made if key.best == 1 else widened(translator, texts, key, made)
        read(key.run, sum(map(len, translator.codec.source.encode(texts))))
        if key.prefixed:  # whoever says how it begins sees for himself how it goes on
            wish = Wish(key.direction, key.best, [line.prefix for line in lines])
            return [told(row) for row in translator.n_best(texts, wish)]
        best = map(told, translator.n_best(texts, Wish(key.direction)))
        found = [x if survive(t, x.text) else AGAIN for t, x in zip(texts, best, strict=True)]
        return found if key.best == 1 else widened(translator, texts, key, found)

    return work


def widened(translator: Translator, texts: list[str], key: Key, made: Sequence[Any]) -> list[Any]:
    """Answers with others behind them. They come from a search of their own: one that is wide
    enough may find another best one.
    """
    rows = iter(translator.n_best(
        [text for text, x in zip(texts, made, strict=True) if x is not AGAIN],
        Wish(key.direction, key.best),
    ))  # fmt: skip
    return [x if x is AGAIN else beside(x, next(rows)) for x in made]


def mended(translator: Translator, texts: list[str], direction: str) -> list[Answer]:
    """Answers to lines whose first ones lost a mark."""
    few = [text for text in texts if len(marks(text)) <= MANY]
    many = [text for text in texts if len(marks(text)) > MANY]
    found = dict(zip(few, surviving(translator, few, direction), strict=True))
    asked = Asked(translator, direction, Glossary({}))
    for text, row in zip(many, asked.pieced(many) if many else [], strict=True):
        whole = (answer for answer in row if asked.holds(text, answer.text))
        found[text] = next(whole, None) or asked.source(text)
    return [kept(found[text]) for text in texts]


def kept(answer: Kept) -> Answer:
    """One through which every mark came."""
    pair = [(answer.text, answer.score)]
    return Answer(answer.text, answer.score, answer.confidence, answer.how, pair)


def told(row: Sequence[Translation]) -> Answer:
    """The best of several, with the others."""
    return Answer(row[0].text, row[0].score, row[0].confidence, "model", pairs(row))


def beside(answer: Answer, row: Sequence[Translation]) -> Answer:
    """An answer with others behind it, as many as were asked for together."""
    others = [pair for pair in pairs(row) if pair[0] != answer.text]
    return replace(answer, n_best=[*answer.n_best, *others][: len(row)])


def pairs(row: Sequence[Translation]) -> list[tuple[str, float]]:
    """Texts and scores."""
    return [(x.text, x.score) for x in row]


# -- in the event loop -----------------------------------------------------------------------------


class Answering:
    """Texts in, answers out; each text may have several lines, which it keeps."""

    def __init__(self, batcher: Batcher, seconds: float):
        self.batcher, self.seconds = batcher, seconds

    async def texts(
        self, texts: Sequence[str], keys: Sequence[Key], prefix: str = ""
    ) -> list[Answer]:
        """An answer to each text, by the run and direction of its key."""
        frames = [framed(text) for text in texts]
        asked = [(key, core) for key, rows in zip(keys, frames, strict=True) for _, core, _ in rows]
        at_once = [self.at_once(core) for _, core in asked]
        lines = [
            Line(key, core, prefix)
            for (key, core), answer in zip(asked, at_once, strict=True)
            if answer is None
        ]
        made = iter(await self.batcher.answers(lines, self.seconds))
        found = iter([next(made) if answer is None else answer for answer in at_once])
        return [joined([framed_again(x, next(found)) for x in rows]) for rows in frames]

    def at_once(self, line: str) -> Answer | None:
        """The answer to what is not for a model."""
        if blank(line):
            return EMPTY
        return Answer(line, how="source", n_best=[(line, 0.0)]) if crowded(line) else None

    async def html(self, texts: Sequence[str], keys: Sequence[Key]) -> list[Answer]:
        """The same for HTML: what stands between its blocks is translated, tags stay."""
        pages = await asyncio.to_thread(parsed, texts)
        units = [(unit, key) for page, key in zip(pages, keys, strict=True) for unit in page.units]
        alone = [replace_best(key) for _, key in units]
        answers = iter(await self.texts([unit for unit, _ in units], alone))
        found = []
        for page in pages:
            own = [next(answers) for _ in page.units]
            data = page.filled([Filled(x.text) for x in own])
            found.append(replace(joined([("", x, "") for x in own]), text=data.decode(), n_best=[]))
        return found


def framed_again(frame: tuple[str, str, str], answer: Answer) -> tuple[str, Answer, str]:
    """An answer with the white space of its line around it; of a blank line only the end stays."""
    lead, _, tail = frame
    if answer is EMPTY:
        lead = lead[len(lead.rstrip("\r\n")) :]
    return lead, answer, tail


def replace_best(key: Key) -> Key:
    """Pages have one answer."""
    return key._replace(best=1)


def parsed(texts: Sequence[str]) -> list[html.Page]:
    """Pages. Raises UserError for what Python's parser will not read."""
    try:
        return [html.Page(text) for text in texts]
    except (AssertionError, ValueError, RecursionError):
        raise UserError("q: is no HTML that can be read; send it as text, or repair it") from None


def joined(rows: Sequence[tuple[str, Answer, str]]) -> Answer:
    """The answer to a text from those to its lines, each with the white space around it.

    The score is the sum, confidence and `how` are those of the worst line; of the others the first
    ones go together, the second ones, and so on.
    """
    said = [x for _, x, _ in rows if x is not EMPTY]
    text = "".join(f"{a}{x.text}{b}" for a, x, b in rows)
    if not said:
        return replace(EMPTY, text=text, n_best=[(text, 0.0)])
    known = [x.confidence for x in said if x.confidence is not None]
    how = max((x.how for x in said), key=HOW.index)
    others = []
    for place in range(max(len(x.n_best) for x in said)):
        row = [(a, x.n_best[place if place < len(x.n_best) else 0], b) for a, x, b in rows]
        others.append(("".join(f"{a}{y[0]}{b}" for a, y, b in row), sum(y[1] for _, y, _ in row)))
    return Answer(
        text, sum(x.score for x in said), min(known) if len(known) == len(said) else None,
        how, others,
    )  # fmt: skip
