"""Dynamic batching: lines of many requests go through a model together.

Requests are coroutines of the event loop, searches are threads. Between them is one bounded queue
of lines; a thread that is free takes the line that waits longest and those most like it in length.
"""

import asyncio
import contextlib
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

from regard.machine import give_back_freed_memory
from regard.serve.errors import Refusal, later
from regard.tasks.workers import BATCH, SMALL

# Before a batch goes, more lines may be on their way: those whom the last one answered ask again.
QUIET = 0.05  # of the time that a batch takes: so long without a new line, and it goes
PATIENCE = 0.2  # so long at the most
SECONDS = (0.002, 0.25)  # the least and the most of either
FULL = 128  # lines that are worth a batch at once
TIDY = 8  # batches after which freed memory is given back


class Key(NamedTuple):
    """What lines of one batch have in common."""

    run: str
    direction: str
    best: int = 1
    prefixed: bool = False
    again: bool = False  # a first answer would not do


AGAIN = object()  # in place of an answer: the line is to go again, with others of its kind


@dataclass(eq=False)
class Line:
    """One line that waits for its answer: the `number`th of its request; `other`: the second text
    of a pair.
    """

    key: Key
    text: str
    prefix: str = ""
    other: str = ""
    number: int = 0
    request: "Request | None" = None

    @property
    def size(self) -> int:
        """About how many tokens it has: of five bytes each, in whatever script."""
        return 2 + len((self.text + self.other).encode("utf-8", "replace")) // 5


@dataclass(eq=False)
class Request:
    """Lines that one client asked for together."""

    done: asyncio.Future
    answers: list[Any]
    left: int = field(init=False)
    turn: int = field(init=False, default_factory=count().__next__)

    def __post_init__(self) -> None:
        self.left = len(self.answers)


Work = Callable[[Key, Sequence[Line]], Sequence[Any]]


class Batcher:
    """`work` answers lines of one key; `width`: hypotheses a line has side by side; `heard` is
    told of each batch: its lines, and the seconds it took.
    """

    def __init__(
        self, work: Work, width: Callable[[Key], int], most: int, threads: int,
        heard: Callable[[Sequence[Line], float], None] = lambda lines, seconds: None,
    ):  # fmt: skip
        self.work, self.width, self.most, self.heard = work, width, most, heard
        self.changed = threading.Condition()
        self.waiting: dict[Key, list[Line]] = {}
        self.lines: Counter[str] = Counter()  # waiting, by run
        self.free, self.closed = 0, False
        self.took = 0.0  # seconds that a batch takes, the mean of the last ones
        self.ends: deque[tuple[float, int]] = deque(maxlen=32)  # when batches ended, their lines
        self.threads = [
            threading.Thread(target=self.run, name=f"search-{i}", daemon=True)
            for i in range(threads)
        ]

    # -- in the event loop -------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to search, for the event loop that runs."""
        self.loop = asyncio.get_running_loop()
        for thread in self.threads:
            thread.start()

    def close(self, seconds: float) -> None:
        """End when nothing waits any more, and wait so many seconds for it."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()
        end = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0.0, end - time.monotonic()))

    async def answers(self, lines: Sequence[Line], seconds: float) -> list[Any]:
        """An answer to each line. If this is cancelled, what waits is dropped.

        Raises Refusal if there is no room for all of them, or no answer within so many seconds.
        """
        if not lines:
            return []
        request = Request(asyncio.get_running_loop().create_future(), [None] * len(lines))
        for number, line in enumerate(lines):
            line.number, line.request = number, request
        self.put(lines)
        try:
            async with asyncio.timeout(seconds):
                return await request.done
        except TimeoutError:
            raise Refusal(504, f"no answer within {seconds:g} s; send fewer lines") from None
        finally:
            if request.left:
                self.drop(request)

    def put(self, lines: Sequence[Line]) -> None:
        """Let them wait, all or none. Raises Refusal if there is no room."""
        wanted = Counter(line.key.run for line in lines)
        with self.changed:
            for run, count in wanted.items():
                if count > self.most:
                    raise Refusal(413, f"more than {self.most} lines at once; send fewer")
                if self.lines[run] + count > self.most:
                    wait = (self.lines[run] + count - self.most) / self.rate()
                    raise later(wait, f"{self.lines[run]} lines are waiting already")
            self.lines.update(wanted)
            for line in lines:
                self.waiting.setdefault(line.key, []).append(line)
            self.changed.notify_all()

    def drop(self, request: Request) -> None:
        """Forget the lines of a request that still wait."""
        with self.changed:
            for key in list(self.waiting):
                self.leave(key, [line for line in self.waiting[key] if line.request is request])

    def deliver(self, lines: Sequence[Line], answers: Sequence[Any]) -> None:
        """Hand answers, or what went wrong, to those who wait."""
        for line, answer in zip(lines, answers, strict=True):
            request = line.request
            assert request is not None
            request.answers[line.number] = answer
            request.left -= 1
            if request.done.done():  # nobody waits any more
                continue
            if isinstance(answer, Exception):
                request.done.set_exception(answer)
            elif not request.left:
                request.done.set_result(request.answers)

    # -- in any thread, while `changed` is held ----------------------------------------------------

    def leave(self, key: Key, lines: Sequence[Line]) -> None:
        """Take these lines out of the queue."""
        gone = set(map(id, lines))
        stay = [line for line in self.waiting[key] if id(line) not in gone]
        self.lines[key.run] -= len(gone)
        if stay:
            self.waiting[key] = stay
        else:
            del self.waiting[key]

    def rate(self) -> float:
        """Lines a second, as measured; a guess while nothing was."""
        if len(self.ends) < 2:
            return 50.0
        took = time.monotonic() - self.ends[0][0]
        return max(0.1, sum(count for _, count in list(self.ends)[1:]) / max(took, 1e-3))

    def chosen(self) -> list[Line]:
        """The lines that go next: the oldest one, and those most like it, within a budget.

        What waits is shared with the other threads that are free now.
        """
        key = min(self.waiting, key=lambda key: self.waiting[key][0].request.turn)  # type: ignore[union-attr]
        lines, width = self.waiting[key], self.width(key)
        share = sum(line.size for line in lines) * width // max(1, self.free)
        budget = min(BATCH, max(share, SMALL))
        first = lines[0].size
        found: list[Line] = []
        for line in sorted(lines, key=lambda line: abs(line.size - first)):
            budget -= line.size * width
            if found and budget < 0:
                break
            found.append(line)
        self.leave(key, found)
        return found

    # -- in the threads ----------------------------------------------------------------------------

    def run(self) -> None:
        """A thread's life."""
        import torch

        torch.set_num_threads(1)  # several threads each share the cores better than operations do
        for number in count(1):
            lines = self.take()
            if not lines:
                return
            start = time.monotonic()
            answers = self.answered(lines)
            end = time.monotonic()
            self.ends.append((end, len(lines)))
            self.took += (end - start - self.took) / 8
            self.heard(lines, end - start)
            lines, answers = self.put_back(lines, answers)
            if number % TIDY == 0:
                give_back_freed_memory()
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits
                self.loop.call_soon_threadsafe(self.deliver, lines, answers)

    def take(self) -> list[Line]:
        """The next batch, once there is one; nothing when the queue is closed and empty."""
        with self.changed:
            self.free += 1
            try:
                while True:
                    if self.waiting:
                        self.settle()
                    if self.waiting:  # nobody else was faster
                        return self.chosen()
                    if self.closed:
                        return []
                    self.changed.wait()
            finally:
                self.free -= 1

    def put_back(
        self, lines: Sequence[Line], answers: Sequence[Any]
    ) -> tuple[list[Line], list[Any]]:
        """Those that have their answers; the others wait again, in their old order."""
        with self.changed:
            for line, answer in zip(lines, answers, strict=True):
                if answer is AGAIN and not line.request.done.done():  # type: ignore[union-attr]
                    line.key = line.key._replace(again=True)
                    self.waiting.setdefault(line.key, []).append(line)
                    self.lines[line.key.run] += 1
            self.changed.notify_all()
        done = [(x, y) for x, y in zip(lines, answers, strict=True) if y is not AGAIN]
        return [x for x, _ in done], [y for _, y in done]

    def settle(self) -> None:
        """Wait until no more lines come in: who asks in turn, asks at about the same time."""
        least, most = SECONDS
        quiet, patience = (min(max(share * self.took, least), most) for share in (QUIET, PATIENCE))
        end = time.monotonic() + patience
        while self.lines.total() < FULL and time.monotonic() < end:
            if not self.changed.wait(quiet):
                return

    def answered(self, lines: Sequence[Line]) -> Sequence[Any]:
        """Their answers; where something goes wrong each by itself: one spoils no other."""
        try:
            return self.work(lines[0].key, lines)
        except Exception as error:
            if len(lines) > 1:
                return [self.answered([line])[0] for line in lines]
            return [error]  # whoever asked is told, and it is logged there
