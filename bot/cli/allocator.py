"""Settings of the C library's allocator."""

import ctypes
from contextlib import suppress

# Of glibc's malloc.h.
_M_MMAP_THRESHOLD = -3
_MMAP_BYTES = 2**18


def return_freed_files() -> None:
    """Let members' files go back to the system as soon as they are freed.

    By default glibc takes blocks of up to 32 MiB from its heap once it has freed one of that size. There any
    small object behind a file keeps its memory, and the bot stays as large as it was with many files.
    """
    # Other C libraries have no such function.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)
