"""Batches of like length, answered side by side on a CPU: a thread, and so a core, for each.

Two threads under every operation wait for each other hundreds of times a batch; PyTorch lets go of
Python's lock while it computes, so two batches hardly meet.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

BATCH = 8192  # source tokens times hypotheses that are searched together
SMALL = 1024  # of a batch that is not worth dividing for the sake of more parts


def batches(
    lengths: Sequence[int], width: int, most: int = BATCH, parts: int = 1
) -> list[list[int]]:
    """Numbers of rows, longest first, within a budget at `width` copies of each.

    At least `parts` of them, where there are rows enough.
    """
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    share = sum(lengths) * width // parts
    budget, found, start = min(most, max(share, SMALL)), [], 0
    while start < len(order):
        count = max(1, budget // (lengths[order[start]] * width))
        found.append(order[start : start + count])
        start += count
    return found


def side_by_side(
    work: Callable[[Any], Any], batches: Sequence[Any], device: torch.device | str = "cpu"
) -> Iterator[Any]:
    """What `work` makes of each batch, in order."""
    threads = torch.get_num_threads()
    count = min(threads, len(batches))
    if torch.device(device).type != "cpu" or count < 2:
        yield from map(work, batches)
        return
    pool = ThreadPoolExecutor(count, "search", torch.set_num_threads, (threads // count,))
    try:
        yield from pool.map(work, batches)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)  # matrix libraries keep one number for all threads
