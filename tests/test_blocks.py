"""Large arrays lent from blocks: nobody's pixels change under them, and what is let go of is used again."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from segdata import blocks

SHAPE = (2048, 2100)


def address(array: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
    at: int = array.__array_interface__["data"][0]
    return at


@pytest.fixture(autouse=True)
def nothing_ready() -> Iterator[None]:
    gc.collect()
    blocks._ready.clear()
    yield
    blocks._ready.clear()


def test_what_is_let_go_of_is_lent_again() -> None:
    first = blocks.empty(SHAPE)
    assert (first.shape, first.dtype, first.flags.writeable) == (SHAPE, np.uint8, True)
    assert first.flags.c_contiguous
    at = address(first)
    del first
    smaller = blocks.empty((1100, 1300, 3))
    assert (address(smaller), smaller.shape) == (at, (1100, 1300, 3))


def test_a_view_keeps_its_pixels() -> None:
    view = blocks.empty(SHAPE)[1000:].T
    view[:] = 7
    others = [blocks.empty(SHAPE) for _ in range(3)]
    for other in others:
        other.fill(1)
    assert (view == 7).all()
    assert len({address(view) - 1000 * SHAPE[1], *map(address, others)}) == 4


def test_one_that_is_too_small_is_not_lent_and_small_arrays_are_not_lent_at_all() -> None:
    small = blocks.empty(SHAPE)
    at = address(small)
    del small
    assert address(blocks.empty((3000, 4000))) != at
    assert len(blocks._ready) == 1 and len(blocks._ready[0]) == 12_000_000, "the small one went back"
    assert blocks.empty((100, 100)).base is None


def test_what_is_kept_is_bounded() -> None:
    many = [blocks.empty(SHAPE) for _ in range(blocks._MOST + 3)]
    del many
    assert len(blocks._ready) == blocks._MOST
    blocks._ready.clear()
    blocks.empty((6000, 6000))
    assert blocks._ready == []


def test_threads_do_not_share_a_block() -> None:
    def work(value: int) -> bool:
        sound = True
        for _ in range(30):
            mine = blocks.empty((2048, 2048 + value))
            mine.fill(value)
            sound &= bool((mine == value).all())
        return sound

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(work, range(6)))


def test_a_program_ends_without_a_word_while_arrays_are_out() -> None:
    program = "from segdata import blocks; kept = [blocks.empty((3000, 4000))]; kept.append(kept)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
