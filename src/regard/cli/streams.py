"""The line contract: UTF-8 lines that end at a line feed only, and as many out as came in."""

import io
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from regard.cli import say
from regard.recipe import UserError

CHUNK = 256  # lines that are translated together
LATER = {".csv", ".jsonl", ".docx", ".pdf"}
PACKED = {".gz": "zcat", ".xz": "xzcat", ".bz2": "bzcat", ".zst": "zstdcat"}


class Chunk(NamedTuple):
    """Some lines in order; `ended` is False where the last line of a file has no line feed."""

    lines: list[str]
    ended: bool

    def like(self, lines: list[str]) -> str:
        """Other lines as text that ends as this chunk did."""
        return "\n".join(lines) + ("\n" if self.ended else "")


@contextmanager
def source(name: str | None) -> Iterator[tuple[IO[bytes], str]]:
    """The file called `name`, or standard input, as bytes, with a name to complain about.

    Raises UserError for a format that is more than lines of text.
    """
    if name is None or name == "-":
        yield getattr(sys.stdin, "buffer", io.BytesIO()), "standard input"
        return
    suffix = Path(name).suffix.lower()
    if suffix in PACKED:
        raise UserError(f"{name}: is compressed; try {PACKED[suffix]} {name} | regard …")
    if suffix in LATER:
        raise UserError(
            f"{name}: {suffix} files are not read yet; docs/files.md says which are, and standard "
            "input is always taken as lines of text"
        )
    with open(name, "rb") as file:
        yield file, name


def chunks(file: Any, name: str, most: int = CHUNK) -> Iterator[Chunk]:
    """The lines of a stream: `most` at a time, or fewer when the writer pauses.

    Raises UserError naming the first line that is not UTF-8.
    """
    waiting: list[bytes] = []
    rest, number = bytearray(), 0  # a line that has not ended yet; lines given so far
    while data := file.read1(1 << 16):
        rest += data
        if b"\n" not in data:
            continue
        *whole, tail = bytes(rest).split(b"\n")
        rest = bytearray(tail)
        waiting += whole
        while waiting and (len(waiting) >= most or not readable(file)):
            yield Chunk(decoded(waiting[:most], name, number), True)
            number += len(waiting[:most])
            del waiting[:most]
    waiting += [bytes(rest)] if rest else []
    for start in range(0, len(waiting), most):
        last = start + most >= len(waiting)
        lines = decoded(waiting[start : start + most], name, number + start)
        yield Chunk(lines, not (last and rest))


def readable(file: Any) -> bool:
    """Would reading give something (or the end) at once?"""
    try:
        return bool(select.select([file.fileno()], [], [], 0)[0])
    except (OSError, ValueError):  # no real file, or a system where only sockets can be asked
        return True


def decoded(lines: list[bytes], name: str, before: int) -> list[str]:
    """Lines as text; a carriage return at the end, a byte order mark at the start are none."""
    texts = []
    for number, line in enumerate(lines, before + 1):
        try:
            text = line.removesuffix(b"\r").decode("utf-8")
        except UnicodeDecodeError as error:
            byte, at = line[error.start], error.start + 1
            raise UserError(
                f"{name}, line {number}: byte 0x{byte:02x} at position {at} is not UTF-8; "
                "save the file as UTF-8"
            ) from None
        texts.append(text.removeprefix("\ufeff") if number == 1 else text)
    return texts


@contextmanager
def output(path: Path | None) -> Iterator[Callable[[str], object]]:
    """A function that writes text: to standard output, or to a file that appears only complete."""
    if path is None:
        yield say.write
        return
    from regard.run import whole

    with whole(path) as aside, aside.open("w", encoding="utf-8", newline="\n") as file:
        yield file.write


def bytes_to(path: Path | None, data: bytes) -> None:
    """Write bytes: to standard output, or to a file that appears only complete."""
    if path is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        return
    from regard.run import whole

    with whole(path) as aside:
        aside.write_bytes(data)


class Beside:
    """A file with one line for each line of the input, read in step with it."""

    def __init__(self, path: Path):
        from regard.data.corpus.base import lines

        self.path, self.lines, self.given = path, lines(path), 0

    def next(self, count: int) -> list[str]:
        """The next lines. Raises UserError if there are fewer."""
        found = list(islice(self.lines, count))
        self.given += len(found)
        if len(found) < count:
            raise UserError(f"{self.path}: ends after line {self.given}, but the input goes on")
        return found

    def end(self) -> None:
        """Raises UserError if there are more lines."""
        if next(self.lines, None) is not None:
            raise UserError(f"{self.path}: goes on after line {self.given}, where the input ends")
