"""The allocator's settings: the memory of members' files goes back to the system."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource
from pathlib import Path
from bot.cli.allocator import return_freed_files

def mib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 20

return_freed_files()
# From then on, glibc would take blocks of this size from its heap.
del [bytes(20 * 2**20)][0]
before = mib()
files, others = [], []
for _ in range(50):
    files.append(bytearray(2**20))
    # An object that stays behind each file.
    others.append(bytearray(1000))
full = mib()
files.clear()
print(full - before, mib() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux has the C library that keeps memory")
def test_the_memory_of_freed_files_goes_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    full, after = map(int, done.stdout.split())
    assert full >= 50
    assert after < 10
