"""The raw photo in full size, for the page: as it is where a browser shows it rightly, else decoded and upright."""

from __future__ import annotations

from http import HTTPStatus

from segdata.browsing.opened import Opened
from segdata.browsing.pictures import jpeg
from segdata.errors import DataError
from segdata.photo import Photo, Resize
from segdata.web import Refused

MOST_PIXELS = 64_000_000
"""A larger photo is shrunk to so many pixels; a browser would stumble over it."""

_QUALITY = 93
_JPEG = (".jpg", ".jpeg", ".jpe")


def original_jpeg(opened: Opened, number: int) -> bytes:
    """The photo of a row of the set. Raises Refused (404) where its file is gone, DataError where it is damaged."""
    path = opened.original(number)
    if path is None:
        raise Refused(
            HTTPStatus.NOT_FOUND,
            DataError(
                opened.index.ids[number],
                found="no raw photo here",
                expected="the file that it was converted from",
                fix="Run dvc pull, or dvc repro once so that the plan names the file.",
            ),
        )
    photo = Photo.open(path, path.name)
    height, width = photo.upright_hw
    if path.suffix.lower() in _JPEG and height * width <= MOST_PIXELS:
        return path.read_bytes()  # browsers turn JPEGs by EXIF as segdata does
    return _decoded(photo)


def _decoded(photo: Photo) -> bytes:
    height, width = photo.upright_hw
    scale = min(1.0, (MOST_PIXELS / (height * width)) ** 0.5, 65_000 / max(height, width))
    resize = Resize((max(1, int(height * scale)), max(1, int(width * scale)))) if scale < 1 else None
    return jpeg(photo.read(resize), _QUALITY)
