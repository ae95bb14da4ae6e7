"""LabelMe's files, one per photo, each brought to one entry with its shapes undecoded.

{"version": "5.2.1", "flags": {}, "imagePath": "..\\\\images\\\\IMG_1.jpg", "imageData": "/9j/4AAQSkZJRgABAQ…",
 "imageHeight": 480, "imageWidth": 640, "shapes": [
    {"label": "road", "points": [[0.0, 9.0], [639.0, 9.0], [320.5, 400.0]], "group_id": null,
     "shape_type": "polygon", "flags": {}}, …]}
"""

from __future__ import annotations

import base64
import binascii
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.formats._parts.entries import Entry, packed, wanted_paths
from segdata.formats._parts.photo_files import PHOTO_SUFFIXES, composed, list_files, without_extension

MOST_BYTES = 1_000_000_000
AGAIN = "Save it again in LabelMe."
KEYS = (b'"shapes"', b'"imagePath"')
POINTS = ("point", "points")
"""Types of shapes that cover no area."""


class _File(msgspec.Struct):
    imagePath: str
    shapes: list[msgspec.Raw]
    imageData: msgspec.Raw = msgspec.Raw(b"null")
    imageHeight: int | None = None
    imageWidth: int | None = None


class _Kind(msgspec.Struct):
    shape_type: str | None = None


class _Shape(msgspec.Struct, omit_defaults=True):
    """What of a shape draws: a change of flags, description or group_id changes no sample."""

    label: msgspec.Raw = msgspec.Raw(b"")
    points: msgspec.Raw = msgspec.Raw(b"")
    shape_type: msgspec.Raw = msgspec.Raw(b"")
    mask: msgspec.Raw = msgspec.Raw(b"")


class _Photo(msgspec.Struct):
    imageData: str


def read_entries(source: OpenSource, annotations: str, photos: str, findings: list[Finding]) -> list[Entry]:
    """One entry per JSON file below the folder `annotations`, sorted by name; both folders are relative to the root.

    A file that cannot be read is an entry with a problem, of the photo of the same name. One of another program adds
    to `findings`. Raises DataError where no file is LabelMe's.
    """
    folder = source.inside(annotations, named_by=f"{source.where}: source.options.annotations")
    source.need(annotations, "JSON files written by LabelMe")
    entries: list[Entry] = []
    for relative, path in list_files(folder, source.root, findings).items():
        if not relative.lower().endswith(".json"):
            continue
        file = posixpath.normpath(f"{composed(annotations)}/{relative}")
        homes = (posixpath.dirname(file) or ".", photos)
        try:
            entries.append(_entry(path, file, homes, without_extension(relative)))
        except _ForeignFileError as error:
            findings.append(Finding("foreign-file", file, "", str(error), "ignored"))
        except DataError as error:
            entries.append(_broken(file, homes, without_extension(relative), error))
    if not entries:
        raise DataError(
            str(folder),
            found="no JSON file with shapes and imagePath",
            expected="files that LabelMe wrote, one per photo",
            fix=f"Put them there, or set source.options.annotations in {source.where}.",
        )
    return entries


class _ForeignFileError(Exception):
    """A JSON file of another program."""


def _entry(path: Path, file: str, homes: tuple[str, str], own_id: str) -> Entry:
    text = _text(path, file)
    try:
        said = msgspec.json.decode(text, type=_File)
    except msgspec.ValidationError as error:
        if not any(key in text for key in KEYS):
            raise _ForeignFileError("a JSON file without shapes and imagePath") from error
        raise DataError(file, found=str(error), expected="a file that LabelMe wrote", fix=AGAIN) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise DataError(
            file, found=f"no JSON ({error})", expected="a file that LabelMe wrote", fix="Save it again."
        ) from error
    last = posixpath.basename(composed(said.imagePath))
    shapes = {
        "height": said.imageHeight,
        "width": said.imageWidth,
        "shapes": [_drawing(one) for one in said.shapes],
    }
    points = "points alone, which cover no area" if shapes["shapes"] else "a file without any shape"
    return Entry(
        file=file,
        place="",
        filename=said.imagePath,
        folders=homes,
        wanted=wanted_paths(said.imagePath, *homes),
        guesses=wanted_paths(last, *homes) if last else (),
        packed=packed(msgspec.json.encode(shapes)),
        bare=points if all(map(_is_point, said.shapes)) else "",
        own_id=own_id if len(bytes(said.imageData)) > 4 else None,
    )


def _is_point(shape: msgspec.Raw) -> bool:
    try:
        return msgspec.json.decode(shape, type=_Kind).shape_type in POINTS
    except (msgspec.DecodeError, RecursionError):
        return False  # reading it tells what is wrong


def _drawing(shape: msgspec.Raw) -> _Shape | msgspec.Raw:
    """What of a shape draws; one that is no object stays as it is, to be told when it is drawn."""
    try:
        return msgspec.json.decode(shape, type=_Shape)
    except msgspec.DecodeError:
        return shape


def _broken(file: str, homes: tuple[str, str], stem: str, problem: DataError) -> Entry:
    """A file that cannot be read is about the photo of its own name."""
    last = posixpath.basename(stem)
    names = [name + suffix for name in (last, stem) for suffix in PHOTO_SUFFIXES]
    names += [name + suffix.upper() for name in (last, stem) for suffix in PHOTO_SUFFIXES]
    return Entry(
        file=file,
        place="",
        filename=last,
        folders=homes,
        wanted=tuple(path for name in names for path in wanted_paths(name, *homes)),
        packed=packed(b"{}"),
        bare="",
        problem=problem,
    )


def _text(path: Path, file: str) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(
                file, found=f"more than {MOST_BYTES:,} bytes", expected="one photo's annotation", fix=AGAIN
            )
        text = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        text.decode()  # raises UnicodeDecodeError; msgspec does not look into what it leaves as text
    except OSError as error:
        raise DataError(
            file,
            found=f"no readable file ({error.strerror})",
            expected="a LabelMe file",
            fix="Allow reading it.",
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(
            file, found=str(error), expected="UTF-8, as LabelMe writes it", fix="Save it again."
        ) from error
    return text


def embedded_photo(path: Path, file: str) -> bytes:
    """The photo's file that a LabelMe file carries. Raises DataError where it cannot be decoded."""
    try:
        said = msgspec.json.decode(_text(path, file), type=_Photo)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DataError(
            file, place="imageData", found=str(error), expected="a photo in base 64", fix=AGAIN
        ) from error
    return from_base64(said.imageData, file, "imageData")


def from_base64(text: str, where: str, place: str) -> bytes:
    """Bytes from base 64. Raises DataError for any other text."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError(
            where, place=place, found=f"no base 64 ({error})", expected="an image in base 64", fix=AGAIN
        ) from error


@contextmanager
def as_file(data: bytes) -> Iterator[Path]:
    """A file with these bytes, for as long as it is needed."""
    with TemporaryDirectory(prefix="segdata-") as folder:
        path = Path(folder) / "image"
        path.write_bytes(data)
        yield path
