"""The tokenizer of a checkpoint from outside: its own pieces and its own cuts, under our ids.

Ours are fixed (pad 0, bos 1, eos 2, unk 3), so its vocabulary is put into another order; see
`Order`. Its tokenizer.json stays as it is. A special that somebody typed is text, never a special.
What it normalises away (case, accents) or does not know (unk) does not come back from `decode`.
"""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
import tokenizers

from regard import recipe
from regard.data.tokenizer import base
from regard.data.tokenizer.base import CHUNK, SPECIALS, UNK, Tokenizer
from regard.recipe import UserError


class Config(recipe.Config):
    """Nothing to set: it is there already."""

    def train(self, texts: Iterable[str], specials: Sequence[str] = ()) -> Tokenizer:
        """Nothing: raises UserError."""
        raise UserError(
            "data.tokenizer: foreign is a checkpoint's own and is not learnt; "
            "say start: RUN, where RUN was made by `regard import`"
        )


class Order:
    """Which of the checkpoint's rows each of ours is: `first`, then the others as they come.

    `first` may name a row twice, where we need two that the checkpoint has as one: the earlier of
    them are copies, which have no place of their own there. `rows`: how many the checkpoint has.
    """

    def __init__(self, first: Sequence[int], rows: int):
        if not all(0 <= row < rows for row in first):
            raise UserError(f"tokenizer: a special has no row; there are {rows}")
        taken = set(first)
        self.first, self.rows = tuple(first), rows
        self.theirs = np.array([*first, *(i for i in range(rows) if i not in taken)], np.int64)
        self.ours = np.zeros(rows, np.int64)
        self.ours[self.theirs] = np.arange(len(self.theirs))  # of copies the last is what stays
        last = self.ours[self.theirs] == np.arange(len(self.theirs))
        self.copies = np.flatnonzero(~last)  # of ours

    def __len__(self) -> int:
        """Rows that we have."""
        return len(self.theirs)


class Foreign(base.Facts):
    """What tokenizer_config.json keeps: `first` and `rows` make the Order, `family` is the model's.

    `named`: what the checkpoint calls its special tokens, such as {"pad_token": "[PAD]"}. `ends`:
    eos tokens between two texts of a row.
    """

    kind: Literal["foreign"] = "foreign"
    spelling: Literal["own"] = "own"  # type: ignore[assignment]  # no spelling of ours
    family: str
    first: tuple[int, ...]
    rows: int
    named: dict[str, str]
    ends: int = 1


class ForeignTokenizer(Tokenizer):
    """Text to our ids and back; `model` has its own ids."""

    facts: Foreign

    def __init__(self, model: tokenizers.Tokenizer, facts: Foreign):
        self.model, self.facts = model, facts
        self.order = Order(facts.first, facts.rows)
        self.cuts = self.order.ours.copy()  # what text becomes, by the ids that `model` gives
        self.cuts[list(facts.first)] = UNK  # some models find even <mask> in their vocabulary
        if facts.specials[:4] != SPECIALS or len(facts.specials) != len(facts.first):
            raise UserError("tokenizer.json does not fit tokenizer_config.json; copy both again")
        known = max(model.get_vocab().values(), default=-1) + 1
        if known > facts.rows:
            raise UserError(
                f"tokenizer: it has {known} tokens, and the model rows for {facts.rows}; they are "
                "of different checkpoints"
            )
        model.no_truncation()
        model.no_padding()
        model.encode_special_tokens = True  # who types [SEP] means the five characters
        self.size = len(self.order)
        names = (model.id_to_token(int(i)) for i in self.order.theirs[len(facts.specials) :])
        rest = [f"<row {i}>" if name is None else name for i, name in enumerate(names)]
        self.names = [*facts.specials, *rest]
        self.bytes_of = self.spellings()
        self.write = self.read = str
        self.reserved, self.characters = {}, {}

    def spellings(self) -> list[bytes]:
        """What each id stands for, before a word with a space; specials: nothing."""
        told = json.loads(self.model.to_str())
        pieces = told["model"]["type"] == "WordPiece"
        prefix = told["model"]["continuing_subword_prefix"] if pieces else None
        signs = byte_signs() if '"ByteLevel"' in json.dumps(told["pre_tokenizer"]) else {}
        found = [b""] * len(self.facts.specials)
        for name in self.names[len(found) :]:
            if signs and all(c in signs for c in name):
                found.append(bytes(signs[c] for c in name))
            elif prefix is not None:
                inside = name.startswith(prefix)
                found.append((name.removeprefix(prefix) if inside else f" {name}").encode())
            else:
                found.append(name.replace("▁", " ").encode())
        return found

    def encode(self, texts: Sequence[str], rng: random.Random | None = None) -> list[list[int]]:
        """Ids of each text, without bos and eos; there is no dropout."""
        found: list[list[int]] = []
        for start in range(0, len(texts), CHUNK):
            chunk = [sound(text) for text in texts[start : start + CHUNK]]
            encodings = self.model.encode_batch_fast(chunk, add_special_tokens=False)
            found += [self.cuts[encoding.ids].tolist() for encoding in encodings]
        return found

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Text of each row of ids; specials leave nothing."""
        real = [[i for i in row if i >= len(self.facts.specials)] for row in ids]
        theirs = [self.order.theirs[row].tolist() if row else [] for row in real]
        return self.model.decode_batch(theirs, skip_special_tokens=False)

    def pieces(self, ids: Sequence[int], hidden: Mapping[int, str] | None = None) -> list[str]:
        """A readable name for each id: `▁Hund` where a word begins, `<0xF0>` for a byte."""
        found = []
        for i in ids:
            spelt = self.bytes_of[i]
            try:
                found.append(spelt.decode().replace(" ", "▁") or self.names[i])
            except UnicodeDecodeError:
                found.append("".join(f"<0x{byte:02X}>" for byte in spelt))
        return found

    def word_index(
        self, text: str, ids: Sequence[int], hidden: Mapping[int, str] | None = None
    ) -> list[int]:
        """For each id, the index in `text.split()` of the word it belongs to."""
        encoding = self.model.encode(sound(text), add_special_tokens=False)
        if self.cuts[encoding.ids].tolist()[: len(ids)] == list(ids):  # all of it, or its beginning
            spans = encoding.offsets[: len(ids)]
        else:
            spans = found_in(text, [self.bytes_of[i].decode("utf-8", "replace") for i in ids])
        number, word = [], 0  # by character; a space counts to the word after it
        for this, following in zip(text, text[1:] + " ", strict=False):
            number.append(word)
            word += not this.isspace() and following.isspace()
        last = max(len(text.split()) - 1, 0)
        found = []
        for start, stop in spans:
            inside = [at for at in range(start, stop) if not text[at].isspace()]
            at = inside[0] if inside else start
            found.append(min(number[at], last) if at < len(number) else last)
        return found

    @cached_property
    def sampler(self) -> Any:
        """Nothing: raises UserError."""
        raise UserError("tokenizer: a checkpoint's own has no dropout")


def sound(text: str) -> str:
    """The text without half surrogates, which the library cannot take."""
    return text.encode("utf-8", "replace").decode("utf-8")


def found_in(text: str, parts: Sequence[str]) -> list[tuple[int, int]]:
    """Where in the text each part stands, one after the other; one not found has no room."""
    spans, at = [], 0
    for part in parts:
        bare = part.strip()
        start = text.find(bare, at) if bare else -1
        if start < 0:
            spans.append((at, at))
            continue
        at = start + len(bare)
        spans.append((start, at))
    return spans


def byte_signs() -> dict[str, int]:
    """The sign that byte-level pieces write each byte with: itself if it can be seen.

    The others are 256 and on in their order; see GPT-2, Radford et al. 2019, 2.2.
    """
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = (byte for byte in range(256) if byte not in seen)
    return {chr(b): b for b in seen} | {chr(256 + n): b for n, b in enumerate(others)}
