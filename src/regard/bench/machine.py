"""What the machine could do at best, and the allocator's settings as a peer can be given them."""

import time
from typing import Any

import torch

SIZES = {"cpu": 2048, "cuda": 8192}
# As `machine.keep_freed_memory` sets them from inside: glibc reads these at start.
KEEP_FREED = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1),
}


def matrix_peak(precision: str, device: str, seconds: float = 1.0) -> dict[str, Any]:
    """GFLOP/s of the best of the square matrix products that fit into so many seconds."""
    n = SIZES[device]
    kind = getattr(torch, precision)
    a, b = (torch.randn(n, n, device=device).to(kind) for _ in range(2))
    out = torch.empty_like(a)
    best, end = float("inf"), time.perf_counter() + seconds
    for turn in range(1_000_000):
        began = time.perf_counter()
        torch.mm(a, b, out=out)
        if device == "cuda":
            torch.cuda.synchronize()
        now = time.perf_counter()
        if turn:  # the first one warms up
            best = min(best, now - began)
        if turn and now > end:
            break
    return {"gflops": 2 * n**3 / best / 1e9, "n": n}
