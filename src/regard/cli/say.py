"""How verbs speak: results on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")


def write(text: str) -> None:
    """Text as it is, at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def dumps(value: Any, indent: int | None = None) -> str:
    """JSON with letters as they are; numbers and paths of libraries as plain ones."""
    return json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)


def document(value: Any) -> None:
    """One JSON document on standard output."""
    write(dumps(value, indent=1) + "\n")


def _plain(value: Any) -> Any:
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if hasattr(value, "tolist"):
        return value.tolist()
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


def note(text: str) -> None:
    """A line for whoever watches."""
    print(text, file=sys.stderr, flush=True)


def console(error: bool = False) -> "Console":
    """A rich console on standard output (or error), as wide as it needs to be if it is a file."""
    from rich.console import Console

    made = Console(stderr=error, highlight=False, markup=False, emoji=False)
    if not made.is_terminal:
        made.width = 120
    return made


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> None:
    """A table on standard output: the first column is words, the others are figures."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    made = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for i, column in enumerate(columns):
        made.add_column(column, justify="right" if i else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell if isinstance(cell, str) else figure(cell)) for cell in row))
    console().print(made)


def figure(value: float | int | None) -> str:
    """A number as a table shows it: counts whole, scores with two digits, nothing as a dash."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.2f}"


@contextmanager
def reading(path: str | None, what: str, shown: bool) -> Iterator[Callable[[Any], None]]:
    """A bar of how much of a file has been read, if somebody watches and nothing else is written
    there: what is given is called with the file after each part.
    """
    watched = console(error=True)
    seen = watched.is_terminal and (shown or not sys.stdout.isatty())
    if not (seen and path and Path(path).is_file()):
        yield lambda file: None
        return
    from rich.progress import Progress

    with Progress(console=watched, transient=True) as bar:
        task = bar.add_task(what, total=max(1, Path(path).stat().st_size))
        yield lambda file: bar.update(task, completed=file.tell())


def parts(items: Sequence[T], size: int, what: str) -> Iterable[Sequence[T]]:
    """The items, so many at a time, with a bar on standard error if somebody watches."""
    from rich.progress import track

    starts = range(0, len(items), size)
    watched = console(error=True)
    cuts = track(starts, what, console=watched, transient=True, disable=not watched.is_terminal)
    return (items[i : i + size] for i in cuts)
