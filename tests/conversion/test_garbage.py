"""Garbage is collected as before once a plan is made, whatever became of it."""

from __future__ import annotations

import contextlib
import gc

from segdata.conversion.garbage import collected_later


@collected_later()
def _is_collected(then: str = "") -> bool:
    if then:
        raise ValueError(then)
    return gc.isenabled()


def test_collection_is_put_off_and_taken_up_again() -> None:
    assert gc.isenabled()
    assert not _is_collected()
    assert gc.isenabled()
    with contextlib.suppress(ValueError):
        _is_collected("an error")
    assert gc.isenabled()
    with collected_later():
        assert not _is_collected()
        assert not gc.isenabled()  # the inner one left it to the outer
    assert gc.isenabled()


def test_who_collects_no_garbage_goes_on_like_that() -> None:
    gc.disable()
    try:
        assert not _is_collected()
        assert not gc.isenabled()
    finally:
        gc.enable()
