"""The one EXIF number that turns a photo, whatever else is wrong with its EXIF."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from segdata.exif import orientation_of, xmp_orientation_of

GREY = Image.fromarray(np.full((4, 6, 3), 90, np.uint8))


def _exif(*tags: tuple[int, int, int, int], order: str = "<") -> bytes:
    """TIFF with one directory of (tag, type, count, value); values are LONGs in place."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    number = {1: f"{order}Bxxx", 3: f"{order}Hxx", 4: f"{order}L", 2: f"{order}L"}
    entries = b"".join(
        struct.pack(f"{order}HHL", tag, kind, count) + struct.pack(number[kind], value)
        for tag, kind, count, value in tags
    )
    return b"Exif\0\0" + mark + struct.pack(f"{order}LH", 8, len(tags)) + entries + b"\0" * 4


def _opened(form: str = "JPEG", **options: object) -> Image.Image:
    file = io.BytesIO()
    GREY.save(file, form, **options)
    return Image.open(file)


def _orientation(form: str = "JPEG", **options: object) -> int | None:
    return orientation_of(_opened(form, **options))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [1, 3, 4])
def test_bytes_shorts_and_longs_of_both_orders(form: str, order: str, kind: int) -> None:
    assert _orientation(form, exif=_exif((0x0112, kind, 1, 6), order=order)) == 6


def test_other_tags_are_passed_over_damaged_ones_too() -> None:
    far = (0x010F, 2, 4000, 99_999_999)  # the maker's name, said to lie far beyond the end
    assert _orientation(exif=_exif(far, (0x0112, 3, 1, 8))) == 8
    assert _orientation(exif=_exif(far)) is None


def test_none_and_a_damaged_directory_is_told() -> None:
    assert _orientation() is None
    assert _orientation(exif=_exif((0x0112, 2, 1, 6))) == 0  # as text
    assert _orientation(exif=_exif((0x0112, 3, 1, 6))[:20]) == 0  # cut
    assert _orientation(exif=b"Exif\0\0nonsense") == 0
    assert _orientation(exif=_exif((0x0112, 3, 1, 77))) == 77  # for Photo to refuse


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_xmp_is_read_apart_from_exif(form: str) -> None:
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="3"/></x:xmpmeta>'
    alone = _opened(form, xmp=xmp)
    assert (orientation_of(alone), xmp_orientation_of(alone)) == (None, 3)
    element = _opened(form, xmp=b"<tiff:Orientation>8</tiff:Orientation>")
    assert (orientation_of(element), xmp_orientation_of(element)) == (None, 8)
    assert xmp_orientation_of(_opened(form)) is None


def test_tiff_names_it_among_its_own_tags() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert _orientation("TIFF", exif=exif) == 6
    assert _orientation("TIFF") is None
    alone = _opened("TIFF", tiffinfo={700: b'<rdf:Description tiff:Orientation="3"/>'})
    assert (orientation_of(alone), xmp_orientation_of(alone)) == (None, 3)
