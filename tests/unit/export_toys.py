"""Tiny translators for whatever is exported, and what an export has to have in common with them."""

import json
import random

import torch
from tiny import TINY

from regard import recipe
from regard.data.batching import ok, pad
from regard.data.corpus.base import Row
from regard.data.parallel import Codec
from regard.data.tokenizer.base import BOS, EOS, SPECIALS
from regard.models.seq2seq import Seq2Seq
from regard.recipe import Recipe, kind_of
from regard.search.base import Limits
from regard.tasks.decode.base import Ask
from regard.tasks.translator import Translator, rooms

WORDS = ["the", "a", "dog", "cat", "snow", "runs", "sees", "deep", "red", "quickly", "ein", "Hund",
         "개", "눈을", "본다"]  # fmt: skip
SMALL = ["model.dim=16", "data.tokenizer.vocab=320", "data.max_length=12"]
LAYERS = [
    f"model.{side}.block.{change}" for side in ("encoder", "decoder")
    for change in ("mixer.heads=2", "ff.width=24")
] + ["model.decoder.block.cross.heads=2"]  # fmt: skip


def sentences(count: int, seed: int = 0) -> list[str]:
    """Words in no order."""
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(1, 5))) + "." for _ in range(count)]


def both(*changes: str) -> list[str]:
    """Changes of a stack, for the encoder and the decoder."""
    return [f"model.{side}.{change}" for side in ("encoder", "decoder") for change in changes]


def made(*changes: str) -> Recipe:
    """TINY, smaller still, with `key=value` changes."""
    alone = json.loads(json.dumps(TINY))  # encoder and decoder share their settings there
    return recipe.make(recipe.override(alone, [*SMALL, *LAYERS, *changes]))


def codec_of(recipe: Recipe) -> Codec:
    """Tokenizers of a few sentences in the recipe's directions."""
    rows = [Row(a, b, recipe.data.directions[0])
            for a, b in zip(sentences(200), sentences(200, 1), strict=True)]  # fmt: skip
    return Codec.train(recipe.data, rows)


def model_of(recipe: Recipe, codec: Codec, noise: float = 0.2) -> Seq2Seq:
    """Untrained, but no weight left where it began (0 or 1), and eos likely, as are silent ones."""
    model = recipe.build(codec).eval()
    torch.manual_seed(1)
    with torch.no_grad():
        for p in model.parameters():
            p += noise * torch.randn_like(p)
        model.bias[: len(SPECIALS)] += 2
    return model


def sources(codec: Codec, count: int = 7, longest: int = 9) -> list[list[int]]:
    """Random ids of several lengths, eos last."""
    rng = random.Random(2)
    low = len(codec.source.facts.specials)
    return [
        [*(rng.randrange(low, codec.source.size) for _ in range(rng.randint(1, longest))), EOS]
        for _ in range(count)
    ]


@torch.no_grad()
def difference(model: Seq2Seq, engine, codec: Codec, steps: int = 7) -> float:
    """The largest of the log-probabilities, along forced tokens and through every reordering."""
    source = pad(sources(codec))
    N = len(source)
    state, theirs = model.start(model.encode(source, ok(source))), engine.start(source, ok(source))
    draw = torch.Generator().manual_seed(3)
    tokens, worst = torch.full((N, 1), BOS), 0.0
    orders = {
        0: torch.arange(N).repeat_interleave(3),  # three hypotheses of each
        2: torch.arange(3 * N).view(N, 3)[:, [2, 0, 0]].flatten(),  # they change places
        4: torch.tensor([3, 5, 4, 12, 13, 12]),  # sentences leave
        5: torch.tensor([0, 4, 3, 5, 5]),  # not as many of each
    }
    for t in range(steps):
        ours, state = model.step(tokens, state)
        given, theirs = engine.step(tokens, theirs)
        assert given.shape == ours.shape
        worst = max(worst, float((ours - given).abs().max()))
        order = orders.get(t, torch.arange(len(tokens)))
        state, theirs = state.reorder(order), theirs.reorder(order)
        tokens = torch.randint(3, codec.target.size, (len(order), 1), generator=draw)
    return worst


def answers(translator: Translator, best: int = 1, terms=(), prefix=()):
    """Own answers and those of the translator's engine, to sources in one batch."""
    given = sorted(sources(translator.codec), key=lambda row: -len(row))  # as translators do
    ask, forced = wish(translator, given, best, terms), [list(prefix)] * len(given)
    assert translator.engine.takes(translator.decode, ask, forced)
    return translator.decoded(given, ask, forced), by_engine(translator, given, ask, forced)


def wish(translator: Translator, given, best: int = 1, terms=()) -> Ask:
    return Ask(best, [list(terms)] * len(given), None, translator.codec.target.decode)


def by_engine(translator: Translator, given, ask: Ask, forced):
    """What its engine alone says."""
    codec = translator.codec
    limits = Limits(BOS, EOS, rooms(given, ask, forced), forbid=codec.silent, prefix=forced)
    return translator.engine.decoded(given, translator.decode, ask, limits)


def check_long_rows_are_left_alone(translator: Translator, positions: int) -> None:
    """None for a row that could need more positions than there are; the others as ever."""
    given = sources(translator.codec)
    found = by_engine(translator, given, wish(translator, given), [[]] * len(given))
    short = [2 * len(row) + 20 <= positions for row in given]
    assert [row is not None for row in found] == short and 0 < sum(short) < len(given)
    fit = [row for row, fits in zip(given, short, strict=True) if fits]
    own = translator.decoded(fit, wish(translator, fit), [[]] * len(fit))
    assert_same(own, [row for row in found if row is not None])


def assert_same(own, theirs) -> None:
    """The same tokens, and scores that mean the same."""
    for ours, other in zip(own, theirs, strict=True):
        assert [h.tokens for h in ours] == [h.tokens for h in other]
        for a, b in zip(ours, other, strict=True):
            assert a.finished == b.finished and len(a.token_scores) == len(b.token_scores)
            assert abs(a.score - b.score) < 1e-4 * max(1, len(a.token_scores))
            assert abs(a.ranking - b.ranking) < 1e-3


def shrunk(name: str) -> Recipe:
    """A shipped recipe, small enough to be built in no time."""
    first = recipe.load(name)
    changes = [*SMALL]
    for side in ("encoder", "decoder"):
        stack = getattr(first.model, side)
        if kind_of(stack) == "plain":
            changes += [f"model.{side}.layers=1", f"model.{side}.block.ff.width=24"]
        else:
            changes += [f"model.{side}.width=16"]
    if kind_of(first.data.tokenizer) == "byte":
        changes.remove("data.tokenizer.vocab=320")
    return recipe.load(name, changes)


def different() -> list[str]:
    """Shipped recipes for translators, of several with the same model and tokenizer the first."""
    found: dict[str, str] = {}
    for name in recipe.shipped():
        if name.startswith("translate/"):
            loaded = recipe.load(name)
            data = (loaded.data.shared, kind_of(loaded.data.tokenizer), len(loaded.data.directions))
            found.setdefault(f"{loaded.model!r} {data}", name)
    return list(found.values())
