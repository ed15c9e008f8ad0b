"""Text to token ids and back, for both sides of parallel text and every direction."""

import random
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from regard.data import frame as framing
from regard.data.corpus.base import Row, languages
from regard.data.masks import Masked, Masks
from regard.data.tokenizer import base as tokenizer
from regard.data.tokenizer.base import BOS, EOS, PAD, RESERVED, Tokenizer
from regard.recipe import UserError

if TYPE_CHECKING:
    from regard.data.parallel import Config


class Codec:
    """Text to token ids and back, of sources and of targets.

    `frame`: what stands around texts, if it is not our own form, which is a tag that names the
    target's language where there are several directions. Both tokenizers have the same specials, so
    that a reserved token has one id; `masks` hides marks behind these, and a text with hidden marks
    is encoded and decoded like any other.
    """

    def __init__(
        self, source: Tokenizer, target: Tokenizer, directions: Sequence[str],
        frame: framing.Config | None = None,
    ):  # fmt: skip
        self.source, self.target, self.directions = source, target, tuple(directions)
        self.tagged, self.foreign = len(directions) > 1, frame
        self.frame = frame or (framing.TAG if self.tagged else framing.Config())
        self.home: Path | None = None  # the folder that it was loaded from
        self.lead = len(self.frame.begin)  # tokens that a target begins with, and are not text
        self.masks = Masks(len(target.reserved))

    @classmethod
    def train(
        cls, config: "Config", rows: Iterable[Row], source: Tokenizer | None = None
    ) -> "Codec":
        """Learn the tokenizers of these rows, which are gone through twice.

        `source`: one that is known already.
        """
        reserved = list(RESERVED.values()) if config.protect else []
        specials, masks = [*tags_of(config.directions), *reserved], Masks(len(reserved))
        sources = (masks.row(row, "").source for row in rows)
        targets = (masks.row(row, "").target for row in rows)
        if config.shared:
            both = config.tokenizer.train(chain(sources, targets), specials)
            return cls(both, both, config.directions)
        source = source or config.tokenizer.train(sources, specials)
        return cls(source, config.tokenizer.train(targets, specials), config.directions)

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
        sides = ("shared", "shared") if config.shared else ("source", "target")
        source = tokenizer.load(folder / sides[0])
        target = source if config.shared else tokenizer.load(folder / sides[1])
        made = cls(source, target, config.directions, config.frame)
        made.home = folder
        return made

    def sources(
        self, texts: Sequence[str], directions: Sequence[str], rng: random.Random | None = None
    ) -> list[list[int]]:
        """Source ids with eos, in the frame of their direction."""
        around = {d: (self.before(d), self.after(d)) for d in dict.fromkeys(directions)}
        found = zip(self.source.encode(texts, rng), directions, strict=True)
        return [[*around[d][0], *ids, EOS, *around[d][1]] for ids, d in found]

    def targets(
        self, texts: Sequence[str], rng: random.Random | None = None,
        directions: Sequence[str] = (),
    ) -> list[list[int]]:  # fmt: skip
        """Target ids with eos; `directions` tell what they begin with, where that varies."""
        found = self.target.encode(texts, rng)
        if not self.lead:
            return [[*ids, EOS] for ids in found]
        begin = {d: self.begin(d) for d in dict.fromkeys(directions)}
        return [[*begin[d], *ids, EOS] for ids, d in zip(found, directions, strict=True)]

    def before(self, direction: str) -> list[int]:
        """What a source begins with."""
        names = self.frame.filled(self.frame.before, direction)
        words = self.frame.words.get(direction)
        said = self.source.encode([words])[0] if words else []
        return [*map(self.source.special, names), *said]

    def after(self, direction: str) -> list[int]:
        """What comes behind a source's eos."""
        return [*map(self.source.special, self.frame.filled(self.frame.after, direction))]

    def begin(self, direction: str) -> list[int]:
        """What a target begins with."""
        return [*map(self.target.special, self.frame.filled(self.frame.begin, direction))]

    def around(self, direction: str) -> int:
        """Tokens of a source that are not of its text, eos counted."""
        return len(self.before(direction)) + 1 + len(self.after(direction))

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
        return ids, self.targets(golds, None, [direction] * len(masked))

    def hidden(self, masked: Masked) -> dict[int, str]:
        """What the reserved tokens of a text stand for."""
        return {self.target.reserved[c]: part for c, part in masked.hidden.items()}

    def reserved(self, sources: Sequence[Sequence[int]]) -> list[list[int]]:
        """Of encoded sources the reserved tokens, which an answer may hold once each."""
        return [[i for i in row if i in self.target.characters] for row in sources]

    def direction(self, wanted: str | None) -> str:
        """The direction asked for, or the only one there is.

        Raises UserError if it is not one of the run's, or none was asked for and there are several.
        """
        if wanted is None and not self.tagged:
            return self.directions[0]
        if wanted in self.directions or (wanted is not None and self.can(wanted)):
            return str(wanted)
        asked = "no direction was asked for" if wanted is None else f"no direction {wanted!r}"
        raise UserError(f"{asked}; this run translates {', '.join(self.directions)}")

    def can(self, direction: str) -> bool:
        """Are there codes for a direction that is not listed?"""
        if not self.frame.open or direction.count("-") != 1:
            return False
        names = (*self.frame.before, *self.frame.begin)
        known = {*self.source.facts.specials} & {*self.target.facts.specials}
        return known >= {*self.frame.filled(names, direction)}

    def into(self, language: str | None) -> list[str]:
        """The directions that lead to a language, all of them if it is None."""
        return [d for d in self.directions if language in (None, languages(d)[1])]

    @property
    def silent(self) -> list[int]:
        """Target ids that are never written: all specials but eos, or those that the frame says."""
        if self.foreign is not None:
            return [PAD, BOS, *map(self.target.special, self.frame.silent)]
        return [i for i in range(len(self.target.facts.specials)) if i != EOS]


def tags_of(directions: Sequence[str]) -> list[str]:
    """The tags that tell several directions apart."""
    if len(directions) < 2:
        return []
    return [f"<2{language}>" for language in sorted({languages(d)[1] for d in directions})]
