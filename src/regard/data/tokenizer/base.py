"""What every tokenizer shares: ids, bytes, saving. No text is ever lost.

Ids: pad 0, bos 1, eos 2, unk 3, then the extra specials, then the 256 bytes, then the pieces. A
character without a piece is written as its bytes, so `decode(encode(text)) == text` for every text,
and unk is never produced. A space is part of the piece that follows it (shown as ▁ in `pieces`).

Where the extra specials include the names of `RESERVED`, each of them is a character of its own:
the text around it is cut as if it were not there, so a space before it is a piece by itself.
"""

import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, Literal

import tokenizers
from tokenizers.models import BPE

from regard import recipe
from regard.data.tokenizer._sampling import Sampler
from regard.data.tokenizer._spelling import SPELLINGS, compose
from regard.recipe import UserError, nearest

FORMAT = 1
PAD, BOS, EOS, UNK = range(4)
SPECIALS = ("<pad>", "<bos>", "<eos>", "<unk>")
# Half surrogates: Python's strings may hold them, but no text in UTF-8 does; no bytes spell them.
RESERVED = {chr(0xD800 + number): f"<mark{number}>" for number in range(24)}
ANY_RESERVED = re.compile(f"([{''.join(RESERVED)}])")
CHUNK = 10_000  # texts handed over at once: bounds the memory their intermediate form takes


class Facts(recipe.Config):
    """What a tokenizer is beside its pieces; kept in tokenizer_config.json."""

    format: int = FORMAT
    kind: str
    spelling: Literal["plain", "spaced", "jamo"]
    specials: tuple[str, ...]
    dropout: float = 0.0


class Tokenizer:
    """Text to ids and back, with the pieces in `model` and the rest in `facts`."""

    def __init__(self, model: tokenizers.Tokenizer, facts: Facts):
        self.model, self.facts = model, facts
        self.write, self.read = SPELLINGS[facts.spelling]
        ids = model.get_vocab(with_added_tokens=False)
        self.size = len(ids)
        self.names = sorted(ids, key=ids.__getitem__)
        reserved = reserve(facts.specials)
        if self.names[: len(reserved)] != reserved or facts.specials[:4] != SPECIALS:
            raise UserError("tokenizer.json does not fit tokenizer_config.json; copy both again")
        bytes_of = [name.encode() for name in self.names]
        bytes_of[: len(facts.specials)] = [b""] * len(facts.specials)
        bytes_of[len(facts.specials) : len(reserved)] = [bytes([byte]) for byte in range(256)]
        self.bytes_of = bytes_of  # by id; a special stands for no text
        specials = facts.specials
        self.reserved = {c: specials.index(n) for c, n in RESERVED.items() if n in specials}
        self.characters = {i: c for c, i in self.reserved.items()}

    def encode(self, texts: Sequence[str], rng: random.Random | None = None) -> list[list[int]]:
        """Ids of each text, without bos and eos; with `rng`, and dropout set, drawn at random."""
        written = [self.write(text) for text in texts]
        if not self.reserved or not any(map(ANY_RESERVED.search, written)):
            return self.cut(written, rng)
        split = [ANY_RESERVED.split(text) for text in written]
        between = iter(self.cut([part for parts in split for part in parts[::2]], rng))
        return [
            [i for n, part in enumerate(parts)
             for i in ((self.reserved[part],) if n % 2 else next(between))]
            for parts in split
        ]  # fmt: skip

    def cut(self, written: Sequence[str], rng: random.Random | None) -> list[list[int]]:
        """Ids of texts without reserved characters, as the spelling writes them."""
        if rng is not None and self.facts.dropout > 0:
            return self.sampler.encode(written, rng)
        found: list[list[int]] = []
        for start in range(0, len(written), CHUNK):
            batch = written[start : start + CHUNK]
            encodings = self.model.encode_batch_fast(batch, add_special_tokens=False)
            found += [encoding.ids for encoding in encodings]
        return found

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Text of each row of ids; specials leave nothing, bytes that are no UTF-8 a U+FFFD."""
        return [self.read(self.spelt(row)) for row in ids]

    def spelt(self, row: Sequence[int]) -> str:
        """The text of ids as the spelling writes it."""
        if not self.reserved:
            return b"".join([self.bytes_of[i] for i in row]).decode("utf-8", "replace")
        runs = ((kind, list(run)) for kind, run in groupby(row, self.characters.get))
        return "".join(
            character * len(run) if character is not None
            else b"".join([self.bytes_of[i] for i in run]).decode("utf-8", "replace")
            for character, run in runs
        )  # fmt: skip

    def pieces(self, ids: Sequence[int], hidden: Mapping[int, str] | None = None) -> list[str]:
        """A readable name for each id: `▁Hund` after a space, `<0xF0>` for a byte.

        `hidden`: what reserved ids stand for.
        """
        names = {i: self.names[i] for i in ids} | dict(hidden or {})
        return [compose(names[i]).replace(" ", "▁") for i in ids]

    def word_index(
        self, text: str, ids: Sequence[int], hidden: Mapping[int, str] | None = None
    ) -> list[int]:
        """For each id, the index in `text.split()` of the word it belongs to.

        `ids` spell `text`: from `encode`, sampled, or produced by a model and then decoded;
        `hidden` is what reserved ids stand for in it. A space counts to the word after it (after
        the last word: to the last).
        """
        stands = {i: part.encode() for i, part in (hidden or {}).items()}
        spells = [stands.get(i, self.bytes_of[i]) for i in ids]
        spelt = b"".join(spells)
        number: list[int] = []  # by byte
        word = 0
        characters = spelt.decode("utf-8", "surrogateescape")  # nothing lost, whatever the bytes
        for this, following in pairwise(characters + " "):
            number += [word] * len(this.encode("utf-8", "surrogateescape"))
            word += not this.isspace() and following.isspace()
        last = max(len(text.split()) - 1, 0)
        starts, at = [], 0
        for part in spells:
            starts.append(at)
            at += len(part)
        return [min(number[at], last) if at < len(number) else last for at in starts]

    def special(self, name: str) -> int:
        """The id of a special such as `<2en>`.

        Raises UserError if there is none.
        """
        if name not in self.facts.specials:
            hint = nearest(name, self.facts.specials)
            raise UserError(f"the tokenizer has no special {name!r}; {hint}")
        return self.facts.specials.index(name)

    def save(self, folder: Path) -> None:
        """Write tokenizer.json and tokenizer_config.json; the folder is made if need be."""
        folder.mkdir(parents=True, exist_ok=True)
        texts = {
            "tokenizer.json": self.model.to_str(),
            "tokenizer_config.json": self.facts.model_dump_json(indent=1),
        }
        for name, text in texts.items():
            aside = folder / (name + ".new")
            aside.write_text(text + "\n", "utf-8")
            aside.replace(folder / name)

    @cached_property
    def sampler(self) -> Sampler:
        """Draws segmentations; made when first needed."""
        return Sampler(self.model, self.facts.dropout)


def load(folder: Path) -> Tokenizer:
    """The tokenizer that `save` left in a folder.

    Raises UserError if it is missing, damaged or of a newer format.
    """
    try:
        found = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
        kind, made = classes(found)
        facts = kind.model_validate(found)
        text = (folder / "tokenizer.json").read_text("utf-8")
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}; a run keeps it here") from None
    except ValueError:
        raise UserError(f"{folder}: tokenizer_config.json is damaged; copy it again") from None
    if facts.format > FORMAT:
        raise UserError(
            f"{folder}: the tokenizer has format {facts.format}, but this version reads {FORMAT} "
            "at most; install a newer regard"
        )
    try:
        model = tokenizers.Tokenizer.from_str(text)
    except Exception:  # the library raises nothing more special
        raise UserError(f"{folder}: tokenizer.json is damaged; copy it again") from None
    return made(model, facts)


def classes(facts: Any) -> tuple[type[Facts], type[Tokenizer]]:
    """What reads them: those of the house, or of a checkpoint from outside."""
    kind = facts.get("kind") if isinstance(facts, dict) else None
    if kind == "pieces":
        from regard.data.tokenizer.pieces import Pieces, PiecesTokenizer

        return Pieces, PiecesTokenizer
    if kind != "foreign":
        return Facts, Tokenizer
    from regard.data.tokenizer.foreign import Foreign, ForeignTokenizer

    return Foreign, ForeignTokenizer


def all_specials(extra: Sequence[str]) -> tuple[str, ...]:
    """The four fixed specials and the extra ones.

    Raises UserError for a name not of the form <name>: only such a one can never be a piece, as no
    piece mixes letters with other signs.
    """
    for name in extra:
        if not re.fullmatch(r"<\w[\w-]*>", name) or name in SPECIALS:
            raise UserError(f"special {name!r}: is written <name>, such as <2en>; no {SPECIALS}")
    if len(set(extra)) != len(extra):
        raise UserError(f"specials {list(extra)}: one of them is there twice")
    return (*SPECIALS, *extra)


def reserve(specials: Sequence[str]) -> list[str]:
    """The names of the first ids: specials, then bytes."""
    return [*specials, *(f"<0x{byte:02X}>" for byte in range(256))]


def spell_out(
    specials: Sequence[str], pieces: Iterable[str], merges: Iterable[tuple[str, str]]
) -> tokenizers.Tokenizer:
    """A model that knows these pieces, and bytes for everything else."""
    names = dict.fromkeys([*reserve(specials), *pieces])
    vocab = {name: i for i, name in enumerate(names)}
    return tokenizers.Tokenizer(BPE(vocab=vocab, merges=list(merges), byte_fallback=True))
