"""A sentencepiece model whose pieces are looked up in a vocabulary beside it: Marian, M2M-100.

The model cuts a text and has ids of its own; a piece's row is that of its name in `vocabulary`, or
that of unk. Two sides may so share a vocabulary and cut differently.
"""

import json
import random
from collections.abc import Sequence
from typing import Literal

import numpy as np
import tokenizers

from regard.data.tokenizer.base import SPECIALS, UNK
from regard.data.tokenizer.foreign import Foreign, ForeignTokenizer, Order, sound
from regard.recipe import UserError


class Pieces(Foreign):
    """`vocabulary`: the names of the checkpoint's rows, in their order; rows behind have none."""

    kind: Literal["pieces"] = "pieces"  # type: ignore[assignment]
    vocabulary: tuple[str, ...]


class PiecesTokenizer(ForeignTokenizer):
    """Text to our ids and back."""

    facts: Pieces

    def __init__(self, model: tokenizers.Tokenizer, facts: Pieces):
        self.model, self.facts = model, facts
        self.order = Order(facts.first, facts.rows)
        fits = len(facts.specials) == len(facts.first) and len(facts.vocabulary) <= facts.rows
        if facts.specials[:4] != SPECIALS or not fits:
            raise UserError("tokenizer.json does not fit tokenizer_config.json; copy both again")
        model.no_truncation()
        model.no_padding()
        model.encode_special_tokens = True
        self.size = len(self.order)
        row = {name: i for i, name in enumerate(facts.vocabulary)}
        unk = facts.first[SPECIALS.index("<unk>")]
        self.row, cut = row, model.get_vocab()
        self.unknown = json.loads(model.to_str())["model"].get("unk_id")
        rows = np.full(max(cut.values(), default=-1) + 1, unk, np.int64)
        for name, i in cut.items():
            rows[i] = row.get(name, unk)
        self.cuts = self.order.ours[rows]
        rest = self.order.theirs[len(facts.specials) :].tolist()
        known = len(facts.vocabulary)
        names = [facts.vocabulary[i] if i < known else f"<row {i}>" for i in rest]
        self.names = [*facts.specials, *names]
        self.bytes_of = self.spellings()
        self.write = self.read = str
        self.reserved, self.characters = {}, {}

    def spellings(self) -> list[bytes]:
        """What each id stands for; specials: nothing."""
        told = (name.replace("▁", " ").encode() for name in self.names[len(self.facts.specials) :])
        return [b""] * len(self.facts.specials) + list(told)

    def encode(self, texts: Sequence[str], rng: random.Random | None = None) -> list[list[int]]:
        """Ids of each text; what the model does not know may still be in the vocabulary."""
        found = super().encode(texts, rng)
        if self.unknown is None:
            return found
        for at, ids in enumerate(found):
            if UNK in ids:
                told = self.model.encode(sound(texts[at]), add_special_tokens=False)
                for place, (i, surface) in enumerate(zip(told.ids, told.tokens, strict=True)):
                    if i == self.unknown and surface in self.row:
                        ids[place] = int(self.order.ours[self.row[surface]])
        return found

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Text of each row of ids; specials leave nothing."""
        return [b"".join(self.bytes_of[i] for i in row).decode().strip() for row in ids]
