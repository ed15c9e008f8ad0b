"""What is asked of the allocator shows in the resident size; in a process of its own."""

import subprocess
import sys

import pytest

SCRIPT = """
import torch
from regard.machine import give_back_freed_memory, keep_freed_memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

assert keep_freed_memory()
torch.ones(1).sum()
buffers, pins = [], []
for size in range(300):
    buffers.append(torch.ones(2**18 + 997 * size))  # 1 MB and more, each of another size
    pins.append(torch.ones(64))  # a little thing that lives on behind each
full = resident()
del buffers
kept = resident()
given = give_back_freed_memory()
print(full - kept, kept - resident(), given)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_freed_memory_is_kept_until_it_is_given_back():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    freed, returned, given = done.stdout.split()
    assert given == "True"
    assert float(freed) < 30, "freed memory went back at once: the next step pays for fresh pages"
    assert float(returned) > 250, "what lies free between others stayed"
