"""The queue by itself: what it takes together, what it refuses, what it forgets."""

import asyncio
import threading
from collections import Counter

import pytest

from regard.serve.batching import AGAIN, Batcher, Key, Line
from regard.serve.errors import Refusal

A, B = Key("a", "x-y"), Key("b", "x-y")


class Work:
    """Answers each line by itself doubled; keeps the batches; waits while the gate is closed."""

    def __init__(self):
        self.batches, self.gate, self.begun = [], threading.Event(), threading.Event()
        self.gate.set()

    def __call__(self, key, lines):
        self.begun.set()
        self.gate.wait(60)
        self.batches.append((key, [line.text for line in lines]))
        return [line.text * 2 for line in lines]


def queue(work, most=100, threads=1, width=1):
    return Batcher(work, lambda key: width, most, threads)


def lines(*texts, key=A):
    return [Line(key, text) for text in texts]


async def held(work, made):
    """A search that waits at the closed gate, so that what comes now stays in the queue."""
    work.gate.clear()
    first = asyncio.ensure_future(made.answers(lines("first"), 60))
    while not work.begun.is_set():
        await asyncio.sleep(0.001)
    return first


@pytest.fixture
def work():
    return Work()


def run(made, scene):
    """A scene in an event loop of its own; then the queue ends."""

    async def whole():
        made.start()
        await scene()
        await asyncio.to_thread(made.close, 60)

    asyncio.run(whole())


def test_answers_come_back_in_order_to_whoever_asked(work):
    made = queue(work, threads=3)

    async def scene():
        asked = [lines(*(f"{i} {j}" for j in range(i % 5))) for i in range(50)]
        found = await asyncio.gather(*(made.answers(x, 60) for x in asked))
        assert found == [[line.text * 2 for line in x] for x in asked]

    run(made, scene)
    assert not made.lines.total() and not made.waiting
    assert not any(thread.is_alive() for thread in made.threads)
    assert sum(len(texts) for _, texts in work.batches) == sum(i % 5 for i in range(50))


def test_a_batch_is_of_one_key_and_of_like_lengths(work):
    made = queue(work, width=8)

    async def scene():
        first = await held(work, made)
        short = [f"{i:05}" for i in range(40)]
        long = [f"{i:02000}" for i in range(40)]
        mixed = [x for pair in zip(short, long, strict=True) for x in pair]
        rest = [made.answers(lines(*mixed), 60), made.answers(lines("b", key=B), 60)]
        both = asyncio.gather(*rest)
        await asyncio.sleep(0)
        work.gate.set()
        await first
        await both

    run(made, scene)
    for key, texts in work.batches:
        assert key == B or "b" not in texts
    sizes = [(len(x) // 5 + 2) * 8 for _, texts in work.batches for x in texts]
    assert sum(sizes) > 8192  # more than one batch's worth, and so:
    for _, texts in work.batches:
        assert sum((len(x) // 5 + 2) * 8 for x in texts) <= 8192
    assert sum(len(set(map(len, texts))) > 1 for _, texts in work.batches) <= 1


def test_the_oldest_line_is_always_in_the_next_batch(work):
    made = queue(work, width=64)

    async def scene():
        first = await held(work, made)
        asked = [made.answers(lines("x" * n), 60) for n in (600, 3, 600, 3, 600, 3)]
        rest = asyncio.gather(*asked)
        await asyncio.sleep(0)
        work.gate.set()
        await first
        await rest

    run(made, scene)
    assert len(work.batches[1][1][0]) == 600


def test_no_room_is_told_with_a_time(work):
    made = queue(work, most=5)

    async def scene():
        first = await held(work, made)
        waits = asyncio.ensure_future(made.answers(lines(*"abcd"), 60))
        await asyncio.sleep(0)
        with pytest.raises(Refusal) as full:
            await made.answers(lines(*"ef"), 60)
        assert full.value.status == 429 and int(full.value.headers["Retry-After"]) >= 1
        other = asyncio.ensure_future(made.answers(lines("g", key=B), 60))  # another run's queue
        fits = asyncio.ensure_future(made.answers(lines("h"), 60))
        with pytest.raises(Refusal) as never:
            await made.answers(lines(*"abcdef"), 60)
        assert never.value.status == 413
        work.gate.set()
        assert await asyncio.gather(first, waits, other, fits)

    run(made, scene)


def test_who_leaves_is_forgotten(work):
    made = queue(work)

    async def scene():
        first = await held(work, made)
        gone = asyncio.ensure_future(made.answers(lines(*"abc"), 60))
        stays = asyncio.ensure_future(made.answers(lines(*"de"), 60))
        await asyncio.sleep(0)
        assert made.lines == Counter(a=5)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert made.lines == Counter(a=2)
        with pytest.raises(Refusal) as late:
            await made.answers(lines("f"), 0.01)
        assert late.value.status == 504 and made.lines == Counter(a=2)
        work.gate.set()
        assert await stays == ["dd", "ee"] and await first

    run(made, scene)
    assert not set("abcf") & {x for _, texts in work.batches for x in texts}


def test_a_line_that_fails_fails_alone():
    def work(key, rows):
        if any(line.text == "bad" for line in rows):
            raise RuntimeError("bad")
        return [line.text for line in rows]

    made = queue(work)

    async def scene():
        asked = [lines("a", "b"), lines("c", "bad"), lines("d")]
        found = await asyncio.gather(*(made.answers(x, 60) for x in asked), return_exceptions=True)
        assert found[0] == ["a", "b"] and found[2] == ["d"]
        assert isinstance(found[1], RuntimeError)

    run(made, scene)


def test_closing_finishes_what_waits(work):
    made = queue(work)

    async def scene():
        first = await held(work, made)
        rest = asyncio.ensure_future(made.answers(lines(*"abc"), 60))
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(asyncio.to_thread(made.close, 60))
        work.gate.set()
        assert await rest == ["aa", "bb", "cc"] and await first
        await closing
        assert not any(thread.is_alive() for thread in made.threads)

    run(made, scene)


def test_a_line_that_must_go_again_holds_up_nobody():
    tries: list = []

    def work(key, rows):
        tries.append((key.again, [line.text for line in rows]))
        return [AGAIN if line.text == "hard" and not key.again else line.text for line in rows]

    made = queue(work)

    async def scene():
        both = [made.answers(lines("hard", "a"), 60), made.answers(lines("b"), 60)]
        assert await asyncio.gather(*both) == [["hard", "a"], ["b"]]

    run(made, scene)
    assert (True, ["hard"]) in tries and not made.lines.total()
