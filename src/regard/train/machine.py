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
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    largest = 2**31 - 1
    return bool(mallopt(M_MMAP_THRESHOLD, 1 << 30) and mallopt(M_TRIM_THRESHOLD, largest))


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
