"""Answers as they grow: a thread searches, the event loop sends what there is so far."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from regard.data.marks import survive
from regard.serve.beside import Beside
from regard.serve.errors import Gone, Refusal, told
from regard.tasks.lines import blank
from regard.tasks.survive import surviving
from regard.tasks.translator import Translator

Told = tuple[int, str, bool, float, float | None]  # line, text, done, score, confidence


async def events(
    beside: Beside, seconds: float, translator: Translator, text: str, direction: str
) -> AsyncIterator[bytes]:
    """Server-sent events; if nobody reads on, the search ends.

    Raises Refusal before the first one if there is no room.
    """
    loop, left = asyncio.get_running_loop(), asyncio.Event()
    news: asyncio.Queue[Told | None] = asyncio.Queue()

    def tell(told: Told | None) -> None:
        if left.is_set():  # only read here; a moment too late does no harm
            raise Gone
        loop.call_soon_threadsafe(news.put_nowait, told)

    task = asyncio.ensure_future(
        beside.run(seconds, written, translator, text.split("\n"), direction, tell)
    )
    task.add_done_callback(lambda task: news.put_nowait(None))
    try:
        while (one := await newest(news)) is not None:
            yield event(one)
        await task
        yield b'data: {"end": true}\n\n'
    except Refusal as error:  # of a stream that has begun, the end says what went wrong
        if not task.done() or error.status != 504:
            raise
        yield b"data: " + bytes(told(error.status, error.sentence).body) + b"\n\n"
    finally:
        left.set()
        task.cancel()


async def newest(news: asyncio.Queue) -> Told | None:
    """What there is to tell: of a line that still grows the latest only."""
    one = await news.get()
    while one is not None and not one[2] and not news.empty():
        one = news.get_nowait()
    return one


def event(told: Told) -> bytes:
    """It, as it is sent."""
    line, text, done, score, confidence = told
    data: dict[str, Any] = {"line": line, "text": text, "done": done}
    if done:
        data |= {"score": score, "confidence": confidence}
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def written(translator: Translator, lines: list[str], direction: str, tell: Any) -> None:
    """The answers, line by line; a last one through which a mark did not come is made anew."""
    from regard.tasks.growing import growing

    for number, line in enumerate(lines):
        if blank(line):
            tell((number, "", True, 0.0, None))
            continue
        made: Any = growing(translator, line, direction, partial(grown, tell, number))
        if not survive(line, made.text):
            made = surviving(translator, [line], direction)[0]
        tell((number, made.text, True, made.score, made.confidence))


def grown(tell: Any, number: int, text: str) -> None:
    """What there is of a line."""
    tell((number, text, False, 0.0, None))
