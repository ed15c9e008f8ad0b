"""Rows of parallel text, and what every kind of corpus shares: whole lines, read strictly.

A line ends at a line feed and nowhere else: U+2028, form feeds and U+0085 are part of a sentence.
"""

import gzip
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from regard import recipe
from regard.recipe import UserError, nearest

OPENERS: dict[str, Callable[..., Any]] = {"": open, ".gz": gzip.open, ".xz": lzma.open}
HUB = "hf:"


class Row(NamedTuple):
    """One sentence pair; direction "de-en" says that the source is German, the target English."""

    source: str
    target: str
    direction: str


class Corpus(NamedTuple):
    """What `read` gives: the rows, and how many were left out because a side was blank."""

    rows: list[Row]
    dropped: int


class Reads(Protocol):
    """What the Config of every kind of corpus can do."""

    def read(self, where: str | None, split: str, direction: str) -> Iterable[Row]:
        """All rows of a split, blank ones too, one after another in the order of the file."""
        ...

    def files(self, where: str | None, split: str, direction: str) -> list[Path]:
        """The files that the rows come from: while they are the same, so are the rows."""
        ...


class FilesConfig(recipe.Config):
    """Settings that every kind made of files has: the name of each split."""

    train: str = "train"
    dev: str = "dev"
    test: str = "test"

    def named(self, split: str) -> str:
        """The name that stands for a split; any other word is a name already."""
        return getattr(self, split) if split in ("train", "dev", "test") else split


def rows(
    corpus: Reads, where: str | None, split: str, directions: Sequence[str]
) -> Iterator[Row]:
    """The rows of a split, one after another, in all directions, one direction after the other.

    `where` is `data.dir`: a folder, or `hf:OWNER/NAME` for the Hub whatever the kind of corpus.
    Raises UserError for a folder, file or line that is not as it should be, on coming to it.
    """
    for direction in directions:
        yield from reader(corpus, where).read(where, split, direction)


def fields(
    corpus: Reads, where: str | None, split: str, names: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    """These columns of a split, for tasks other than translation.

    Raises UserError if the corpus is of a kind that has no columns.
    """
    kind: Any = reader(corpus, where)
    if not hasattr(kind, "fields"):
        name = recipe.kind_of(kind)
        raise UserError(f"data.corpus: {name} has no columns; use tsv, jsonl, hub or plain")
    yield from kind.fields(where, split, names)


def files(corpus: Reads, where: str | None, split: str, directions: Sequence[str]) -> list[Path]:
    """The files that these rows come from."""
    kind = reader(corpus, where)
    return [file for direction in directions for file in kind.files(where, split, direction)]


def read(
    corpus: Reads,
    where: str | None,
    split: str,
    directions: Sequence[str],
    drop_empty: bool = False,
) -> Corpus:
    """The rows of a split as `rows` gives them, all in memory."""
    found = list(rows(corpus, where, split, directions))
    if not drop_empty:
        return Corpus(found, 0)
    whole = [row for row in found if not blank(row)]
    return Corpus(whole, len(found) - len(whole))


def reader(corpus: Reads, where: str | None) -> Reads:
    """What reads a corpus that lies there: itself, or the Hub's reader with its columns."""
    if where is None or not where.startswith(HUB):
        return corpus
    from regard.data.corpus import hub

    if isinstance(corpus, hub.Config):
        return corpus
    return hub.Config(columns=getattr(corpus, "columns", {}))


def blank(row: Row) -> bool:
    """Is there nothing to learn, as a side has no text?"""
    return not (row.source.strip() and row.target.strip())


def languages(direction: str) -> tuple[str, str]:
    """Source and target language of "de-en".

    Raises UserError if the direction is not two codes with a hyphen between them.
    """
    source, hyphen, target = direction.partition("-")
    if not (source and hyphen and target) or "-" in target:
        raise UserError(f"direction {direction!r}: is written SOURCE-TARGET, such as de-en")
    return source, target


def folder(where: str | None) -> Path:
    """The folder of a corpus.

    Raises UserError if there is none.
    """
    if where is None or not Path(where).is_dir():
        missing = f"no folder {where}" if where else "is not set"
        raise UserError(f"data.dir: {missing}; a Hub dataset is written data.dir=hf:OWNER/NAME")
    return Path(where)


def find(where: Path, name: str, extension: str = "") -> Path:
    """The file called `name`, with or without its extension, plain or compressed.

    Raises UserError with the nearest name if there is none.
    """
    for stem in dict.fromkeys((name, name + extension)):
        for suffix in OPENERS:
            if (where / (stem + suffix)).is_file():
                return where / (stem + suffix)
    wanted = name if name.endswith(extension) else name + extension
    beside = (file.name.removesuffix(".gz").removesuffix(".xz") for file in where.iterdir())
    raise UserError(f"{where}: no file {wanted}, plain, .gz or .xz; {nearest(wanted, beside)}")


def lines(path: Path) -> Iterator[str]:
    """The lines of a plain, .gz or .xz file, without their ends (`\\n` or `\\r\\n`).

    Raises UserError naming file and line where the text is not UTF-8 or the archive is damaged.
    """
    number = 0
    try:
        with OPENERS.get(path.suffix, open)(path, "rb") as file:
            for number, line in enumerate(file, 1):
                text = line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8")
                yield text.removeprefix("\ufeff") if number == 1 else text
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise UserError(
            f"{path}, line {number}: byte 0x{byte:02x} at position {error.start + 1} is not UTF-8; "
            "save the file as UTF-8"
        ) from None
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile):
        raise UserError(f"{path}: damaged after line {number}; fetch it again") from None


def text(fields: Mapping[str, Any], key: str, here: str, breaks: bool = False) -> str:
    """The text under a key of a row from a format that allows line breaks: one line, or as it is.

    Raises UserError if there is none, or if it holds half a surrogate pair, which is no text.
    """
    if key not in fields:
        raise UserError(f"{here}: no {key!r}; {nearest(key, map(str, fields))}")
    found = fields[key]
    if not isinstance(found, str):
        raise UserError(f"{here}: {key!r} must be a text, got {found!r:.80}")
    if any("\ud800" <= character <= "\udfff" for character in found):
        raise UserError(f"{here}: half a surrogate pair; \\ud8xx needs its other half")
    return found if breaks else found.replace("\r\n", " ").replace("\n", " ")
