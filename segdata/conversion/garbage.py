"""Garbage collection put off while much is built that stays: lists of every photo, of every row of a manifest.

Python looks for garbage each time that so many objects were made, through all that there are: libraries and their classes
first of all. For a set of some thousand photos that took longer than the plan itself, and found nothing.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def collected_later() -> Iterator[None]:
    """Collect no garbage in the block, or in the function that it decorates; what is freed by its count is, as ever."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
