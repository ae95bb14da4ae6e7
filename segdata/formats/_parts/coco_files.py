"""One COCO file, brought to one entry per photo with its annotations undecoded.

{"images": [{"id": 139, "file_name": "000000000139.jpg", "width": 640, "height": 426}, …],
 "annotations": [{"id": 1768, "image_id": 139, "category_id": 18, "iscrowd": 0, "segmentation": [[…]]}, …],
 "categories": [{"id": 18, "name": "dog", "supercategory": "animal"}, …]}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.entries import Entry, packed, wanted_paths
from segdata.wording import counted

Id = int | str
EMPTY = (b"[]", b"null", b"[[]]")


class Category(msgspec.Struct):
    id: Id
    name: str
    color: tuple[int, int, int] | None = None


class _Image(msgspec.Struct):
    id: Id
    file_name: str
    width: int | None = None
    height: int | None = None


class _Head(msgspec.Struct):
    """What is needed of an annotation to find its photo; the rest is decoded with the photo."""

    image_id: Id
    id: msgspec.Raw = msgspec.Raw(b"null")
    segmentation: msgspec.Raw = msgspec.Raw(b"null")
    category_id: Any = None


class _Drawing(msgspec.Struct, omit_defaults=True):
    """What of an annotation draws, and its id for messages: a change of box, area or keypoints changes no sample."""

    id: msgspec.Raw = msgspec.Raw(b"")
    category_id: msgspec.Raw = msgspec.Raw(b"")
    iscrowd: msgspec.Raw = msgspec.Raw(b"")
    segmentation: msgspec.Raw = msgspec.Raw(b"")


class _File(msgspec.Struct):
    images: list[msgspec.Raw]
    annotations: list[msgspec.Raw]
    categories: list[Category]


@dataclass
class Content:
    """A COCO file: entries in file order, categories, and how many annotations name each category."""

    entries: list[Entry]
    categories: Mapping[Id, Category]
    labels: Counter[str] = field(default_factory=Counter)
    shapes: Counter[str] = field(default_factory=Counter)


def read_content(
    path: Path, file: str, folders: Sequence[str], split: str | None, findings: list[Finding]
) -> Content:
    """Read one file; `file` is its name in messages, `folders` are where its photos may lie.

    What cannot be read adds to `findings`. Raises DataError when the file as a whole is no instances file.
    """
    raw = _decode(path, file)
    categories = _categories(raw.categories, file)
    images, sound = _images(raw.images, file, findings)
    drawn: dict[Id, list[_Drawing]] = {}
    used: dict[Id, set[Id]] = {}
    bare: dict[Id, bool] = {}
    content = Content([], categories)
    ids: Counter[bytes] = Counter()
    lost: Counter[Id] = Counter()
    for number, one in enumerate(raw.annotations):
        try:
            head = msgspec.json.decode(one, type=_Head)
        except msgspec.ValidationError as error:
            place = f"annotations[{number}]"
            findings.append(Finding("entry-unreadable", file, place, str(error), "set aside", "error"))
            continue
        if head.image_id not in images:
            lost[head.image_id] += head.image_id not in sound
            continue
        segmentation = bytes(head.segmentation)
        ids[bytes(head.id)] += bytes(head.id) != b"null"
        drawn.setdefault(head.image_id, []).append(msgspec.json.decode(one, type=_Drawing))
        bare[head.image_id] = bare.get(head.image_id, True) and _is_empty(segmentation)
        name = head.category_id
        if isinstance(name, int | str) and name in categories:
            content.labels[categories[name].name] += 1
            used.setdefault(head.image_id, set()).add(name)
        content.shapes[_shape(segmentation)] += 1
    findings += _told(file, +lost, [name.decode() for name, count in ids.items() if count > 1])
    for image in images.values():
        said = {
            "height": image.height,
            "width": image.width,
            "categories": sorted(
                ([id, categories[id].name] for id in used.get(image.id, ())), key=lambda pair: str(pair[0])
            ),
            "annotations": drawn.get(image.id, []),
        }
        content.entries.append(
            Entry(
                file=file,
                place=f"image {image.id}",
                filename=image.file_name,
                folders=tuple(folders),
                wanted=wanted_paths(image.file_name, *folders),
                packed=packed(msgspec.json.encode(said)),
                bare=_bare(drawn.get(image.id, ()), bare.get(image.id, True)),
                split=split,
            )
        )
    return content


def _bare(annotations: Sequence[object], is_bare: bool) -> str:
    """Why an image has nothing outlined; "" where it has."""
    if not annotations:
        return "an image without any annotation"
    return "annotations without segmentation alone (boxes, keypoints)" if is_bare else ""


def _is_empty(segmentation: bytes) -> bool:
    return len(segmentation) < 200 and b"".join(segmentation.split()) in EMPTY


def _shape(segmentation: bytes) -> str:
    if _is_empty(segmentation):
        return "no segmentation"
    return "polygon" if segmentation.startswith(b"[") else "rle"


def _decode(path: Path, file: str) -> _File:
    expected = "COCO instances: an object with images, annotations and categories"
    try:
        text = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        text.decode()  # raises UnicodeDecodeError; msgspec does not look into what it leaves as text
        raw = msgspec.json.decode(text, type=_File)
    except OSError as error:
        raise DataError(
            file, found=f"no readable file ({error.strerror})", expected=expected, fix="Allow reading it."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            file, found=str(error), expected=expected, fix="Export it again as COCO instances."
        ) from error
    if raw.annotations and b'"segments_info"' in bytes(raw.annotations[0]):
        raise DataError(
            file,
            place="annotations[0]",
            found="a panoptic file (segments_info)",
            expected=expected,
            fix="Export instances, or write its PNGs as label numbers and read them as format masks.",
        )
    return raw


def _categories(given: list[Category], file: str) -> dict[Id, Category]:
    categories: dict[Id, Category] = {}
    for one in given:
        if one.id in categories and categories[one.id].name != one.name:
            raise DataError(
                file,
                place=f"category {one.id}",
                found=f"two names: {categories[one.id].name!r} and {one.name!r}",
                expected="one name for an id",
                fix="Give one of them another id, and its annotations too.",
            )
        categories[one.id] = one
    return categories


def _images(
    given: list[msgspec.Raw], file: str, findings: list[Finding]
) -> tuple[dict[Id, _Image], set[Any]]:
    """Images by id, and the ids of those that were set aside: unreadable ones, and different ones of one id."""
    images: dict[Id, _Image] = {}
    aside: set[Any] = set()
    problem = ""
    for number, raw in enumerate(given):
        place = f"images[{number}]"
        try:
            image = msgspec.json.decode(raw, type=_Image)
        except msgspec.ValidationError as error:
            problem = str(error)
            findings.append(Finding("entry-unreadable", file, place, problem, "set aside", "error"))
            said = msgspec.json.decode(raw)
            id = said.get("id") if isinstance(said, dict) else None
            aside.add(id if isinstance(id, int | str) else None)
            continue
        other = images.get(image.id)
        images.setdefault(image.id, image)
        if other == image:
            findings.append(Finding("duplicate-id", file, place, f"image {image.id} once more", "read once"))
            continue
        if other is not None:
            message = f"{other.file_name!r} and {image.file_name!r} are both image {image.id}"
            findings.append(Finding("duplicate-id", file, place, message, "both set aside", "error"))
            aside.add(image.id)
    for id in aside:
        images.pop(id, None)
    if given and not images and problem:
        raise DataError(
            file,
            place="images",
            found=problem,
            expected="images with id and file_name",
            fix="Export it again as COCO instances.",
        )
    return images, aside


def _told(file: str, lost: Counter[Id], repeated: list[str]) -> list[Finding]:
    found = []
    if lost:
        some = ", ".join(str(id) for id in list(lost)[:8])
        message = f"{counted(lost.total(), 'annotation')} of {counted(len(lost), 'image')} that the file does not list: {some}"
        found.append(Finding("unknown-image", file, "annotations", message, "set aside", "error"))
    if repeated:
        message = f"{counted(len(repeated), 'id')} for several annotations: {', '.join(repeated[:8])}"
        found.append(Finding("duplicate-id", file, "annotations", message, "all painted", "warning"))
    return found
