"""Translated files that wait to be fetched: random names, bounded in size and age, then deleted."""

import asyncio
import contextlib
import re
import secrets
import shutil
import tempfile
import time
from pathlib import Path

from regard.serve.errors import Refusal
from regard.serve.settings import Limits

EVERY = 30  # seconds between two looks for what is too old


class Kept:
    """Files in a folder; `folder` None: a temporary one, deleted at the end.

    Several processes may share a folder. A file lies alone in a folder whose name nobody guesses.
    """

    def __init__(self, limits: Limits, folder: Path | None = None):
        self.limits, self.own = limits, folder is None
        self.folder = folder or Path()
        self.task: asyncio.Task | None = None

    def start(self) -> None:
        """Begin to delete what is too old."""
        if self.own:
            self.folder = Path(tempfile.mkdtemp(prefix="regard-files-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.task = asyncio.create_task(self.watch())

    async def stop(self) -> None:
        """End; a folder of our own goes."""
        if self.task:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task
        if self.own:
            shutil.rmtree(self.folder, ignore_errors=True)

    async def watch(self) -> None:
        """Again and again."""
        while True:
            await asyncio.sleep(EVERY)
            await asyncio.to_thread(self.sweep)

    def sweep(self) -> int:
        """Delete what is too old; how many bytes are left."""
        left = 0
        for place in self.folder.iterdir():
            with contextlib.suppress(OSError):  # another process was faster
                if place.stat().st_mtime + self.limits.kept_seconds < time.time():
                    shutil.rmtree(place, ignore_errors=True)
                else:
                    left += sum(file.stat().st_size for file in place.iterdir())
        return left

    def put(self, name: str, data: bytes) -> str:
        """Keep a file; the last two parts of its address.

        Raises Refusal if too many bytes wait already.
        """
        if self.sweep() + len(data) > self.limits.kept_bytes:
            raise Refusal(503, "too many files wait to be fetched; try again in some minutes")
        token, name = secrets.token_urlsafe(24), plain(name)
        place = self.folder / token
        place.mkdir(mode=0o700)
        (place / name).write_bytes(data)
        return f"{token}/{name}"

    def get(self, token: str) -> Path:
        """The file. Raises Refusal if there is none."""
        if re.fullmatch(r"[\w-]{32}", token, re.ASCII):
            place = self.folder / token
            with contextlib.suppress(OSError):
                young = place.stat().st_mtime + self.limits.kept_seconds >= time.time()
                for file in place.iterdir() if young else ():
                    return file
        raise Refusal(404, "no such file, or no longer: files are kept for a while only")


def plain(name: str) -> str:
    """A file's name without anything that a path or a header could mean."""
    bare = re.sub(r"[^\w.-]+", "_", name.replace("\\", "/").rpartition("/")[2], flags=re.ASCII)
    return bare.strip(".")[-80:] or "file"
