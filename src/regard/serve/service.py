"""What an application holds: its runs, the queue, who may ask, what is under way."""

import asyncio
from pathlib import Path
from typing import Any

import torch
from fastapi import Request

from regard.machine import keep_freed_memory
from regard.serve import keys
from regard.serve.answering import Answering, search
from regard.serve.batching import Batcher, Key, Work
from regard.serve.beside import Beside
from regard.serve.detect import Detector
from regard.serve.errors import Gone, Refusal, later
from regard.serve.judging import judge
from regard.serve.kept import Kept
from regard.serve.limits import Rates
from regard.serve.metrics import Metrics
from regard.serve.runs import Runs, opened
from regard.serve.settings import Config


class Service:
    """One process's. Raises UserError if a run, or the file of keys, is not as it should be."""

    def __init__(self, settings: Config):
        self.settings, self.limits = settings, settings.limits
        keep_freed_memory()
        self.keys = keys.read(settings.keys) if settings.keys else []
        self.threads = settings.threads or torch.get_num_threads()
        self.runs: Runs = opened(settings)  # engines take as many threads as PyTorch has now
        torch.set_num_threads(1)
        self.metrics = Metrics(lambda: self.batcher.lines.total())
        self.batcher = Batcher(
            self.worked(), self.width, self.limits.queue, self.threads, self.heard
        )
        self.answering = Answering(self.batcher, self.limits.seconds)
        self.beside = Beside(settings.beside)
        self.detector = Detector(self.runs.languages)
        self.rates = Rates()
        self.kept = Kept(self.limits, Path(settings.folder) if settings.folder else None)
        self.draining = False  # finishing what was accepted, taking nothing new
        self.active = 0  # requests under way

    def worked(self) -> Work:
        """What the queue's threads do with lines of one key, whatever its run is for."""
        translates = search(self.runs, self.metrics.read)
        judges = judge(self.runs, self.metrics.read)
        known = self.runs.classifiers
        return lambda key, lines: (judges if key.run in known else translates)(key, lines)

    def width(self, key: Key) -> int:
        """Hypotheses that a line of this key has side by side."""
        if key.run in self.runs.classifiers:
            return 1
        return max(self.runs[key.run].translator.decode.width, key.best)

    def heard(self, lines: Any, seconds: float) -> None:
        """A batch is done."""
        self.metrics.searched(lines[0].key.run, len(lines), seconds)

    async def start(self) -> None:
        """Begin to work."""
        self.batcher.start()
        self.kept.start()

    async def stop(self) -> None:
        """Finish what waits, and end."""
        await asyncio.to_thread(self.batcher.close, self.limits.seconds)
        await asyncio.to_thread(self.beside.close)
        await self.kept.stop()

    def admit(self, request: Request, key: str | None = None) -> None:
        """Let a request in, by its key or address.

        Raises Refusal if it brings no key that is known where one is wanted, or comes too often.
        """
        name, rate = f"at {request.client.host}" if request.client else "", self.limits.rate
        if self.keys:
            bearer = request.headers.get("authorization", "")
            sort, _, given = bearer.partition(" ")
            given = key or request.query_params.get("api_key") or given.strip()
            if not given or (bearer and not key and sort.lower() != "bearer"):
                raise Refusal(
                    401, "this server wants an API key: as api_key, or as Authorization: Bearer",
                    WWW_Authenticate="Bearer",
                )  # fmt: skip
            found = keys.find(self.keys, given)
            if found is None:
                raise Refusal(403, "this API key is not known; ask whoever runs the server for one")
            name, rate = f"key {found.name}", found.rate
        wait = self.rates.take(name, rate)
        if wait:
            raise later(wait, f"more than {rate:g} requests a minute")

    def key(self, source: str, target: str, best: int = 1, prefixed: bool = False) -> Key:
        """What lines from one language into another have in common.

        Raises UserError if no run takes them.
        """
        run, direction = self.runs.find(source, target)
        return Key(run, direction, best, prefixed)

    def measured(self, texts: list[str], field: str = "q", rows: int | None = None) -> None:
        """Raises Refusal if there is more text than one request may have.

        `rows`: how many things to answer it is, if not every line is one.
        """
        characters = sum(map(len, texts))
        lines = sum(text.count("\n") + 1 for text in texts)
        things = (lines, "lines") if rows is None else (rows, "rows")
        for count, most, unit in (
            (characters, self.limits.characters, "characters"),
            (things[0], self.limits.lines, things[1]),
        ):
            if count > most:
                raise Refusal(413, f"{field}: {count} {unit}, and {most} are the most at once")


async def unless_gone(request: Request, work: Any) -> Any:
    """What an awaitable gives; if the client leaves, it is cancelled. Raises Gone then."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(left(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise Gone
    finally:
        gone.cancel()
        if not task.done():
            task.cancel()


async def left(request: Request) -> None:
    """Return when the client has left; the body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def service(request: Request) -> Service:
    """The application's."""
    return request.app.state.service
