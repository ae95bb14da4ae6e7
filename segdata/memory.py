"""What glibc does with the memory that a program freed: by its own rules it suits neither a training nor a conversion.

Nothing happens where another C library, or another system, is at work.
"""

from __future__ import annotations

import ctypes

# malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8


def keep_freed_memory() -> None:
    """Let glibc keep what is freed for the next step of a training on the CPU.

    It gives large blocks back to the system and asks for them anew at each step, some runs more than others: up to 14,000
    pages, which the system fills with zeros one by one, 30 of the 190 ms of a mini U-Net's step. Up to 1 GiB of freed
    memory stays with the process; blocks above 32 MiB, the most that glibc lets one say, go as before.
    """
    _tell({_MMAP_THRESHOLD: 1 << 25, _TRIM_THRESHOLD: 1 << 30})


def share_freed_memory() -> None:
    """Let all threads of a conversion take their memory from one place, where they find what others freed.

    glibc gives each thread a place of its own, which keeps what was freed there: a thread that reads photos of 12
    megapixels would keep room for all that one goes through, though few are at the same step at once. Call it before they
    start. Up to 8 MiB of freed memory stay with the process, as the next photo wants them again; masks and photos
    themselves are `blocks`.
    """
    _tell({_ARENA_MAX: 1, _MMAP_THRESHOLD: 1 << 25, _TRIM_THRESHOLD: 1 << 23})


def _tell(values: dict[int, int]) -> None:
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library, another system
        return
    for option, value in values.items():
        mallopt(option, value)
