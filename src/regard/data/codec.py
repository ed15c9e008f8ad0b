"""Text to token ids and back, for both sides of parallel text and every direction."""

import random
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from regard.data.corpus.base import Row, languages
from regard.data.masks import Masked, Masks
from regard.data.tokenizer import base as tokenizer
from regard.data.tokenizer.base import EOS, RESERVED, Tokenizer
from regard.recipe import UserError

if TYPE_CHECKING:
    from regard.data.parallel import Config


class Codec:
    """Text to token ids and back, on either side; tags tell the model where to.

    Both tokenizers have the same specials, so a reserved token has one id. `masks` hides marks
    behind them; texts with hidden marks are encoded and decoded as they are.
    """

    def __init__(self, source: Tokenizer, target: Tokenizer, directions: Sequence[str]):
        self.source, self.target, self.directions = source, target, tuple(directions)
        self.tagged = len(directions) > 1
        self.masks = Masks(len(target.reserved))

    @classmethod
    def train(cls, config: "Config", rows: Iterable[Row]) -> "Codec":
        """Learn the tokenizers of these rows, which are gone through twice."""
        reserved = list(RESERVED.values()) if config.protect else []
        specials, masks = [*tags_of(config.directions), *reserved], Masks(len(reserved))
        sources = (masks.row(row, "").source for row in rows)
        targets = (masks.row(row, "").target for row in rows)
        if config.shared:
            both = config.tokenizer.train(chain(sources, targets), specials)
            return cls(both, both, config.directions)
        source, target = (config.tokenizer.train(texts, specials) for texts in (sources, targets))
        return cls(source, target, config.directions)

    def save(self, folder: Path) -> None:
        """One folder for a shared vocabulary, two otherwise."""
        if self.source is self.target:
            self.source.save(folder / "shared")
        else:
            self.source.save(folder / "source")
            self.target.save(folder / "target")

    @classmethod
    def load(cls, folder: Path, config: "Config") -> "Codec":
        """As it was saved. Raises UserError if there is nothing whole."""
        if config.shared:
            both = tokenizer.load(folder / "shared")
            return cls(both, both, config.directions)
        source, target = (tokenizer.load(folder / side) for side in ("source", "target"))
        return cls(source, target, config.directions)

    def sources(
        self, texts: Sequence[str], directions: Sequence[str], rng: random.Random | None = None
    ) -> list[list[int]]:
        """Source ids with eos, behind a tag if there are several directions."""
        found = zip(self.source.encode(texts, rng), directions, strict=True)
        if not self.tagged:
            return [[*ids, EOS] for ids, _ in found]
        tags = {d: self.tag(d) for d in self.directions}
        return [[tags[d], *ids, EOS] for ids, d in found]

    def targets(self, texts: Sequence[str], rng: random.Random | None = None) -> list[list[int]]:
        """Target ids with eos."""
        return [[*ids, EOS] for ids in self.target.encode(texts, rng)]

    def phrases(self, texts: Sequence[str]) -> list[list[int]]:
        """Target ids of phrases; of a reserved character alone, only its own."""
        found = zip(texts, self.target.encode(texts), strict=True)
        return [[self.target.reserved[t]] if t in self.target.reserved else x for t, x in found]

    def given(
        self, sources: Sequence[str], targets: Sequence[str], direction: str
    ) -> tuple[list[list[int]], list[list[int]]]:
        """Ids of sources in use, and of targets that are to be taken as the answers."""
        masked = [self.masks.of(text) for text in sources]
        golds = [mine.like(text) for mine, text in zip(masked, targets, strict=True)]
        ids = self.sources([mine.text for mine in masked], [direction] * len(masked))
        return ids, self.targets(golds)

    def hidden(self, masked: Masked) -> dict[int, str]:
        """What the reserved tokens of a text stand for."""
        return {self.target.reserved[c]: part for c, part in masked.hidden.items()}

    def reserved(self, sources: Sequence[Sequence[int]]) -> list[list[int]]:
        """Of encoded sources the reserved tokens, which an answer may hold once each."""
        return [[i for i in row if i in self.target.characters] for row in sources]

    def tag(self, direction: str) -> int:
        """The token that asks for this direction's target language."""
        return self.source.special(f"<2{languages(direction)[1]}>")

    def direction(self, wanted: str | None) -> str:
        """The direction asked for, or the only one there is.

        Raises UserError if it is not one of the run's, or none was asked for and there are several.
        """
        if wanted is None and not self.tagged:
            return self.directions[0]
        if wanted in self.directions:
            return str(wanted)
        asked = "no direction was asked for" if wanted is None else f"no direction {wanted!r}"
        raise UserError(f"{asked}; this run translates {', '.join(self.directions)}")

    def into(self, language: str | None) -> list[str]:
        """The directions that lead to a language, all of them if it is None."""
        return [d for d in self.directions if language in (None, languages(d)[1])]

    @property
    def silent(self) -> list[int]:
        """Target ids that are never written: all specials but eos."""
        return [i for i in range(len(self.target.facts.specials)) if i != EOS]


def tags_of(directions: Sequence[str]) -> list[str]:
    """The tags that tell several directions apart."""
    if len(directions) < 2:
        return []
    return [f"<2{language}>" for language in sorted({languages(d)[1] for d in directions})]
