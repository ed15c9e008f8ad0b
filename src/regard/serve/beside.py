"""What does not go through the queue: looks, streams, files. A few threads, and a bound."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import Any, TypeVar

from regard.serve.errors import Refusal, later

T = TypeVar("T")
WAITING = 8  # calls that may wait for each thread


class Beside:
    """So many threads side by side."""

    def __init__(self, threads: int):
        self.most = threads * (1 + WAITING)
        self.places = BoundedSemaphore(self.most)
        self.pool = ThreadPoolExecutor(threads, "beside", alone)

    async def run(self, seconds: float, work: Callable[..., T], *given: Any) -> T:
        """What `work` gives. If this is cancelled while it waits, it never begins.

        Raises Refusal if too many wait, or if it takes longer than so many seconds.
        """
        if not self.places.acquire(blocking=False):
            raise later(1, f"{self.most} looks, streams or files are under way already")
        future = self.pool.submit(work, *given)
        # its end, not that of the waiting: the thread may work on after the client has left
        future.add_done_callback(lambda future: self.places.release())
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise Refusal(504, f"no answer within {seconds:g} s; ask for less") from None

    def close(self) -> None:
        """End when all is done."""
        self.pool.shutdown()


def alone() -> None:
    """A thread of its own computes on one core."""
    import torch

    torch.set_num_threads(1)
