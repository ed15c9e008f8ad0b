"""Looks on disk: a page, a picture or the data, by extension; a file appears only complete."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from regard.recipe import UserError


def save(
    path: str | Path, page: Callable[[], str], picture: Callable[[], bytes],
    record: Callable[[], dict[str, Any]],
) -> Path:  # fmt: skip
    """Write the one that the name asks for; the others are not made."""
    path = Path(path)
    ways: dict[str, Callable[[], bytes]] = {
        ".html": lambda: page().encode(),
        ".png": picture,
        ".json": lambda: dumps(record(), indent=1).encode(),
    }
    make = ways.get(path.suffix.lower())
    if make is None:
        raise UserError(f"{path}: a look is saved as .html, .png or .json; end the name in one")
    write_whole(path, make())
    return path


def dumps(value: Any, **how: Any) -> str:
    """JSON in plain ASCII: no odd character, lone surrogates included, troubles a file or page."""
    try:
        return json.dumps(value, allow_nan=False, default=_plain, **how)
    except (ValueError, TypeError) as error:
        raise UserError(f"a look holds only finite numbers and plain values ({error})") from None


def _plain(value: Any) -> Any:
    """What json does not know: numpy numbers and arrays as numbers, anything else as its text."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def write_whole(path: Path, content: bytes) -> None:
    """Write aside, flush, rename: a reader sees the old file or the new one, never half of one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(aside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except OSError as error:
        reason = f"cannot be written ({error.strerror}); choose another place"
        raise UserError(f"{path}: {reason}") from None
    finally:
        with contextlib.suppress(OSError):  # renamed by now, unless something went wrong
            aside.unlink()
