"""The EXIF orientation of a photo, read without a word to the terminal, whatever the rest of its EXIF is worth.

Pillow reads all of EXIF and warns about what is damaged elsewhere in it; the one number that turns a photo stands in
its first directory, as tag 0x0112 (EXIF 2.32, 4.6.2). XMP may hold one too, as tiff:Orientation, which browsers,
OpenCV and with them the labelling tools pass over (Pillow does not): nothing is turned by it.

>>> orientation_of(PillowImage.open("IMG_0006.jpg"))
6
"""

from __future__ import annotations

import re
import struct

from PIL import Image as PillowImage
from PIL.TiffImagePlugin import TiffImageFile

_TAG = 0x0112
_XMP = re.compile(rb"tiff:Orientation(?:=[\"']|>)\s*(\d)")
_NUMBERS = {1: "B", 3: "H", 4: "L"}
"""TIFF's BYTE, SHORT (as it should be) and LONG."""


def orientation_of(file: PillowImage.Image) -> int | None:
    """1 to 8; None where EXIF names none; 0 for a number that cannot be read.

    file  opened, header read. Pixels of a PNG are decoded where its EXIF may lie behind them.
    """
    if isinstance(file, TiffImageFile):  # the whole file is built as EXIF is
        named = file.tag_v2.get(_TAG)
        return named if named is None or isinstance(named, int) else 0
    if file.format == "PNG":
        file.load()
    exif = file.info.get("exif") or _as_text(file.info.get("Raw profile type exif"))
    return _in_first_directory(exif.removeprefix(b"Exif\0\0")) if isinstance(exif, bytes) else None


def xmp_orientation_of(file: PillowImage.Image) -> int | None:
    """What XMP says beside EXIF, for a photo whose header was read; None where it says nothing."""
    xmp = file.info.get("xmp") or file.info.get("XML:com.adobe.xmp") or b""
    named = _XMP.search(xmp if isinstance(xmp, bytes) else str(xmp).encode())
    return int(named[1]) if named else None


def _as_text(profile: object) -> bytes | None:
    """ImageMagick's EXIF in a PNG: a name, a length, then hexadecimal digits in lines."""
    if not isinstance(profile, str):
        return None
    try:
        return bytes.fromhex("".join(profile.split("\n")[3:]))
    except ValueError:
        return None


def _in_first_directory(tiff: bytes) -> int | None:
    """The orientation in a TIFF's first directory; None where it has none, 0 where it is damaged."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 0 if tiff else None
    try:
        (start,) = struct.unpack_from(f"{order}L", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for number in range(count):
            at = start + 2 + 12 * number
            tag, kind, many = struct.unpack_from(f"{order}HHL", tiff, at)
            if tag == _TAG:
                if kind not in _NUMBERS or many < 1:
                    return 0
                (value,) = struct.unpack_from(order + _NUMBERS[kind], tiff, at + 8)
                return int(value)
    except struct.error:
        return 0
    return None
