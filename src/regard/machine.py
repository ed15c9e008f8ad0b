"""What this machine is good at: memory worth keeping, number formats it multiplies."""

import ctypes
import sys
from functools import cache
from pathlib import Path

import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc


def keep_freed_memory() -> bool:
    """Ask glibc's allocator to reuse large buffers; False where it is another.

    Fresh pages cost a CPU more than the arithmetic done on them.
    """
    largest, libc = 2**31 - 1, glibc()
    return libc is not None and bool(
        libc.mallopt(M_MMAP_THRESHOLD, 1 << 30) and libc.mallopt(M_TRIM_THRESHOLD, largest)
    )


def give_back_freed_memory() -> bool:
    """Return to the system what lies free between buffers; False where the allocator is another.

    Batches of ever new shapes leave ever more of it: called now and then, it costs next to nothing.
    """
    libc = glibc()
    return libc is not None and bool(libc.malloc_trim(0))


@cache
def glibc() -> ctypes.CDLL | None:
    """The C library, where it is the one whose allocator we know."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return None
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None


def multiplies_bfloat16(precision: str, device: torch.device) -> bool:
    """Whether to multiply in bfloat16: as told, or by what the hardware is made for."""
    if precision != "auto":
        return precision == "bfloat16"
    return device.type == "cuda" or bool({"avx512_bf16", "amx_bf16"} & cpu_flags())


@cache
def cpu_flags() -> frozenset[str]:
    """What Linux says this CPU can do; nothing elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return frozenset()
    flags = (line for line in text.splitlines() if line.startswith("flags"))
    return frozenset(next(flags, "").split())
