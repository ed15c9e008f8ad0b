"""What several verbs share: their options, and how words become runs, files and changes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from regard.api import Loaded
    from regard.tasks.translator import Translation, Translator, Wish

Device = Annotated[str, typer.Option(help="cpu, cuda, or auto: a GPU if there is one.")]
Direction = Annotated[str | None, typer.Option(help="Such as de-en, for a run that knows several.")]
Beam = Annotated[int | None, typer.Option(help="Beam search of this size.")]
Decode = Annotated[
    str | None, typer.Option(metavar="KIND", help="greedy, beam, diverse, sample or mbr.")
]
EngineName = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="own, an export's kind, or auto: the fastest that is exact enough.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Dir = Annotated[
    str | None, typer.Option("--dir", help="Where the corpus lies now (instead of data.dir).")
]


class Words(NamedTuple):
    """The words of a command line, told apart."""

    runs: list[str]
    files: list[str]
    changes: list[str]


def told_apart(words: Sequence[str], files: int = 0) -> Words:
    """Runs are folders, changes are written key=value, at most `files` others are files ("-" too).

    Raises UserError for a word that is none of these, or if no run is among them.
    """
    from regard.recipe import UserError

    found = Words([], [], [])
    for word in words:
        path = Path(word)
        if path.is_dir():
            found.runs.append(word)
        elif "=" in word and not path.exists():
            found.changes.append(word)
        elif len(found.files) < files and (path.exists() or word == "-"):
            found.files.append(word)
        else:
            what = "is no run folder" if path.exists() else "no such file or folder"
            raise UserError(f"{word}: {what}; a run is what `regard train` leaves behind")
    if not found.runs:
        raise UserError("name a run first: the folder that `regard train` left behind")
    return found


def opened(runs: Sequence[str], device: str, engine: str = "own") -> "Loaded":
    """The runs, loaded to answer together, by this engine; which one is told."""
    from regard.api import translating as load
    from regard.cli.say import note

    loaded = load(*runs, device=device, engine=engine)
    for text in loaded.notes:
        note(f"regard: {text}")
    return loaded


def translator(
    words: Words, device: str, beam: int | None, decode: str | None, engine: str = "own"
) -> "tuple[Loaded, Translator]":
    """The runs among these words, and their translator with the decoding that was asked for."""
    loaded = opened(words.runs, device, engine)
    return loaded, loaded.asked(beam, decode, words.changes)


def answers(
    translator: "Translator", texts: Sequence[str], wish: "Wish", what: str = "translating"
) -> "list[Translation]":
    """The best answer to each text, with a progress bar."""
    from regard.cli.say import parts

    return [
        answer for part in parts(texts, 256, what) for answer in translator.translate(part, wish)
    ]
