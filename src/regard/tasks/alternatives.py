"""What else could stand at a word: the next words that the model holds for likely, each with the
translation that would follow.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch

from regard.data.batching import ok, pad
from regard.data.tokenizer.base import BOS, EOS
from regard.recipe import UserError
from regard.tasks.decode.base import Ask
from regard.tasks.translator import Translator

MORE = 3  # times as many tokens are tried as words are wanted: some only lengthen the word before


class Alternative(NamedTuple):
    """A next word ("" for the end), the whole translation with it, and its log-probability."""

    word: str
    text: str
    score: float


def alternatives(
    translator: Translator, text: str, prefix: str, direction: str | None = None, count: int = 8
) -> list[Alternative]:
    """Up to `count` next words behind `prefix`, which is whole words, likeliest first.

    Raises UserError for a text that is too long for the model at once.
    """
    if not translator.fits(text):
        raise UserError(f"alternatives: wants a text of at most {translator.longest} tokens")
    codec = translator.codec
    masked = codec.masks.of(text)
    asked = codec.direction(direction)
    source = codec.sources([masked.text], [asked])
    said = [*codec.begin(asked), *codec.target.encode([masked.like(prefix)])[0]]
    tokens = likely(translator, source[0], said, MORE * count)
    starts = [[*said, token] for token in tokens if token != EOS]
    behind = len(prefix.split())
    starts = [s for s, t in zip(starts, translator.texts(starts, text), strict=True)
              if len(t.split()) > behind or not behind
              or (masked.held and t[-1:] == " ")][:count]  # fmt: skip
    found = translator.decoded(source * len(starts), Ask(), starts) if starts else []
    answers = [translator.joined([row], text)[0] for row in found]
    made: dict[str, Alternative] = {}
    if EOS in tokens and prefix:
        made[""] = Alternative("", prefix, translator.score([text], [prefix], direction)[0])
    for answer in answers:
        words = answer.text.split()
        if words[:behind] == prefix.split() and len(words) > behind:
            made.setdefault(words[behind], Alternative(words[behind], answer.text, answer.score))
    return list(made.values())[:count]


@torch.inference_mode()
def likely(
    translator: Translator, source: Sequence[int], said: Sequence[int], count: int
) -> list[int]:
    """The tokens most likely to come next, best first."""
    ids = pad([source]).to(translator.device)
    into = torch.tensor([[BOS, *said]], device=translator.device)
    parts = []
    for model in translator.models:
        hidden = model.teach(ids, ok(ids), into)[0, -1]
        weight, bias = model.head
        parts.append(torch.nn.functional.linear(hidden, weight, bias).log_softmax(-1))
    mean = torch.stack(parts).logsumexp(0) - math.log(len(parts))
    unsaid = set(translator.codec.reserved([source])[0]) - set(said)
    mean[[i for i in translator.codec.silent if i not in unsaid]] = -math.inf
    return mean.topk(min(count, len(mean))).indices.tolist()
