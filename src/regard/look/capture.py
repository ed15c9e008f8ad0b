"""A look into a translator at work: one sentence, its answer, and everything seen on the way."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from regard.data.tokenizer.base import EOS
from regard.look.maps import Look, Map
from regard.recipe import UserError
from regard.search.trace import Candidate
from regard.tasks.attending import Attended, Head, attend, links, read, usual
from regard.tasks.decode.base import Ask
from regard.tasks.growing import watched
from regard.tasks.heads import apart
from regard.tasks.lines import blank
from regard.tasks.translator import Translator, Wish


def look(
    translator: Translator, text: str, direction: str | None = None, head: Head | None = None,
    prefix: str = "",
) -> Look:  # fmt: skip
    """What the model attends to while it answers `text`, with the alignment that `head` sees.

    `prefix`: how the answer must begin. Others may use the translator at the same time. Raises
    UserError for a blank or too long text.
    """
    if blank(text) or not translator.fits(text):
        most = translator.longest
        raise UserError(f"look: wants one sentence of at most {most} tokens, got {text!r:.60}")
    translator = apart(translator)
    answer = translator.translate([text], Wish(direction, prefix=[prefix]))[0]
    seen = attend(translator, [text], [answer.text], direction)[0]
    head = head if head is not None and head.name in seen.weights else usual(list(seen.weights))
    codec = translator.codec
    scores = translator.forced([seen.source], [seen.target])[0]
    target = [*codec.target.pieces(seen.target[:-1], seen.hidden), "⏎"]
    return Look(
        source=text,
        target=answer.text,
        maps=maps(translator, seen, target),
        alignment=alignment(translator, text, answer.text, seen, head),
        source_words=text.split(),
        target_words=answer.text.split(),
        token_scores=[(t, math.exp(s)) for t, s in zip(target, scores, strict=True)],
        beam=tree(translator, seen, codec.masks.of(text).like(prefix)),
        meta={
            "score": answer.score,
            "direction": codec.direction(direction),
            "alignment": named(head),
        },
    )  # fmt: skip


def maps(translator: Translator, seen: Attended, target: list[str]) -> list[Map]:
    """Every layer's weights with readable tokens beside them."""
    codec = translator.codec
    source = [*codec.source.pieces(seen.source[:-1], seen.hidden), "⏎"]
    into = ["⇥", *target[:-1]]
    made = []
    for name, weights in seen.weights.items():
        side, layer, what = name.split(".")
        kind = "encoder" if side == "encoder" else what
        rows = {"encoder": source, "self": into, "cross": target}[kind]
        columns = {"encoder": source, "self": into, "cross": source}[kind]
        made.append(Map(name, kind, int(layer), weights, rows, columns))
    order = {"cross": 0, "self": 1, "encoder": 2}
    return sorted(made, key=lambda m: (order[m.kind], m.layer))


def alignment(
    translator: Translator, text: str, answer: str, seen: Attended, head: Head | None
) -> list[tuple[int, int, float]]:
    """Source word, target word, and how much the one takes of the other: the mean of its tokens."""
    if head is None:
        return []
    weights, of_source, of_target = read(translator, text, answer, seen, head)
    columns, rows = np.array(of_source), np.array(of_target)
    weights = weights[head.shift :][: len(rows), : len(columns)]
    return [
        (i, j, float(weights[rows == j][:, columns == i].sum(1).mean().clip(0, 1)))
        for i, j in sorted(links(translator, text, answer, seen, head))
    ]


def named(head: Head | None) -> str:
    """A head in words."""
    if head is None:
        return ""
    return f"{head.name}, {'mean of heads' if head.head is None else f'head {head.head}'}"


def tree(translator: Translator, seen: Attended, prefix: str) -> list[dict[str, Any]]:
    """The beam as it grew: nested entries with text, score, fate, children, and which were chosen.

    It is the translator's own beam, or a small one if the translator searches in another way.
    """
    trace: list[list[Candidate]] = []
    reader, lead = translator.codec.target, translator.codec.lead
    begun = [[*seen.target[:lead], *reader.encode([prefix])[0]]]
    best = watched(translator).decoded([seen.source], Ask(trace=trace), begun)[0][0]
    names = partial(reader.pieces, hidden=seen.hidden)
    return grown(trace, [*best.tokens, *[EOS] * best.finished], names)


def grown(
    trace: list[list[Candidate]], best: list[int], names: Callable[[Sequence[int]], list[str]]
) -> list[dict[str, Any]]:
    """Entries by step, each hung under its parent in the step before."""
    roots: list[dict[str, Any]] = []
    before = {-1: {"children": roots}}
    on_way: dict[str, Any] | None = before[-1]  # the last entry of the path of `best`
    for t, step in enumerate(trace):
        now: dict[int, dict[str, Any]] = {}
        parent, on_way = on_way, None
        for place, c in enumerate(step):
            text = "⏎" if c.token == EOS else names([c.token])[0]
            chosen = before[c.parent] is parent and t < len(best) and c.token == best[t]
            now[place] = {
                "text": text, "score": round(c.total, 3), "fate": c.fate, "chosen": chosen,
                "children": [],
            }  # fmt: skip
            on_way = now[place] if chosen else on_way
            before[c.parent]["children"].append(now[place])
        before = now
    return roots
