"""A look into a translator at work: one sentence, its answer, and everything seen on the way."""

import math
from collections import defaultdict
from typing import Any

import torch

from regard.data.batching import ok, pad
from regard.data.tokenizer.base import BOS, EOS
from regard.look.maps import Look, Map
from regard.recipe import UserError
from regard.search.base import Limits
from regard.search.trace import Candidate
from regard.tasks.attending import Attended, Head, attend, links, usual
from regard.tasks.decode.base import Ask
from regard.tasks.decode.beam import Config as Beam
from regard.tasks.lines import blank
from regard.tasks.translator import Translator, Wish


def look(
    translator: Translator, text: str, direction: str | None = None, head: Head | None = None
) -> Look:
    """What the model attends to while it answers `text`, with the alignment that `head` sees.

    Raises UserError for a blank or too long text.
    """
    if blank(text) or not translator.fits(text):
        raise UserError(f"look: wants one sentence of at most {translator.longest} tokens, got {text!r:.60}")
    answer = translator.translate([text], Wish(direction))[0]
    seen = attend(translator, [text], [answer.text], direction)[0]
    head = head if head is not None and head.name in seen.weights else usual(list(seen.weights))
    codec = translator.codec
    found = links(translator, text, answer.text, seen, head) if head else set()
    scores = translator.forced([seen.source], [seen.target])[0]
    target = [*codec.target.pieces(seen.target[:-1]), "⏎"]
    return Look(
        source=text,
        target=answer.text,
        maps=maps(translator, seen, target),
        alignment=[(i, j, weight(translator, text, answer.text, seen, head, i, j)) for i, j in sorted(found)],
        source_words=text.split(),
        target_words=answer.text.split(),
        token_scores=[(t, math.exp(s)) for t, s in zip(target, scores, strict=True)],
        beam=tree(translator, seen.source),
        meta={
            "score": answer.score,
            "direction": codec.direction(direction),
            "alignment": f"{head.name}, {'mean of heads' if head.head is None else f'head {head.head}'}"
            if head else "",
        },
    )  # fmt: skip


def maps(translator: Translator, seen: Attended, target: list[str]) -> list[Map]:
    """Every layer's weights with readable tokens beside them."""
    codec = translator.codec
    source = [*codec.source.pieces(seen.source[:-1]), "⏎"]
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


def weight(
    translator: Translator, text: str, answer: str, seen: Attended, head: Head | None, i: int, j: int
) -> float:
    """How much target word j takes of source word i: the mean over its tokens, between 0 and 1."""
    assert head is not None
    codec, tag = translator.codec, int(translator.codec.tagged)
    w = seen.weights[head.name]
    w = w.mean(0) if head.head is None else w[head.head]
    columns = [-1] * tag + codec.source.word_index(text, seen.source[tag:-1])
    rows = codec.target.word_index(answer, seen.target[:-1])
    at = [t + head.shift for t, word in enumerate(rows) if word == j and t + head.shift < len(w)]
    on = [s for s, word in enumerate(columns) if word == i]
    return float(w[at][:, on].sum(1).mean().clip(0, 1)) if at and on else 0.0


@torch.inference_mode()
def tree(translator: Translator, source: list[int], size: int = 4) -> list[dict[str, Any]]:
    """The beam as it grew: nested entries with text, score, fate and children."""
    trace: list[list[Candidate]] = []
    model = translator.models[0]
    tokens = pad([source]).to(translator.device)
    state = model.start(model.encode(tokens, ok(tokens)), 64)
    bos = torch.full((1,), BOS, device=translator.device)
    limits = Limits(bos, EOS, [2 * len(source) + 20], forbid=translator.codec.silent)
    Beam(size=size).run(model.step, state, limits, Ask(trace=trace))
    return grown(trace, translator)


def grown(trace: list[list[Candidate]], translator: Translator) -> list[dict[str, Any]]:
    """Entries by step, each hung under its parent in the step before."""
    before: dict[int, dict[str, Any]] = {}
    roots: list[dict[str, Any]] = []
    for step in trace:
        now: dict[int, dict[str, Any]] = {}
        children = defaultdict(list)
        for place, c in enumerate(step):
            text = "⏎" if c.token == EOS else translator.codec.target.pieces([c.token])[0]
            entry = {
                "text": text, "score": round(c.total, 3), "fate": c.fate, "chosen": False, "children": [],
            }  # fmt: skip
            now[place] = entry
            children[c.parent].append(entry)
        for parent, entries in children.items():
            (roots if parent < 0 else before[parent]["children"]).extend(entries)
        before = now
    return roots
