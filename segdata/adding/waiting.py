"""Why files wait in an inbox, in words: what each of them lacks.

>>> what_lacks("masks", ["a.jpg", "masks/b.png"], {}, [])["a.jpg"]
'waits for its mask: masks/a.png'
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence

from segdata.formats._parts.photo_files import is_photo, without_extension

MASKS = "masks"
ENDS = {"via": (".json", ".csv"), "labelme": (".json",), "coco": (".json",)}
"""Formats of annotation files, and what those end in; in the others a photo has a mask."""

SHOWN = 3
_FOLDERS_OF_MASKS = ("mask", "label", "annot", "gt", "seg", "truth")


def what_lacks(
    format: str,
    files: Sequence[str],
    named: Mapping[str, Collection[str]],
    there: Collection[str],
    photo_suffix: str = "",
) -> dict[str, str]:
    """Each file that waits → why; the words before a colon are the same for files that lack the same.

    files  what lies in the inbox, at rest
    named  annotation file → photos that it names, by the last part of their names; there: those of the set
    photo_suffix  end of the photos' names that masks do not have
    """
    if format in ENDS:
        return dict(_files_of_annotations(format, files, named, there))
    return dict(_masks(files, photo_suffix))


def listed(waiting: Mapping[str, str]) -> list[str]:
    """A line for each file, of those that lack the same the first few."""
    kinds: dict[str, list[str]] = {}
    for one, reason in waiting.items():
        kinds.setdefault(reason.partition(":")[0], []).append(f"{one} {reason}")
    lines = []
    for alike in kinds.values():
        lines += alike[:SHOWN]
        if len(alike) > SHOWN:
            lines.append(f"and {len(alike) - SHOWN} more like that")
    return lines


def _files_of_annotations(
    format: str, files: Sequence[str], named: Mapping[str, Collection[str]], there: Collection[str]
) -> Iterator[tuple[str, str]]:
    ends = " or ".join(ENDS[format])
    photos = [one for one in files if is_photo(one) and one.partition("/")[0] != MASKS]
    here = {posixpath.basename(one) for one in photos}
    for one in files:
        if one in photos:
            if format == "labelme":
                yield one, f"waits for its annotation: {without_extension(one)}.json beside it"
            else:
                of = f", as {', '.join(list(named)[:SHOWN])} names other photos" if named else ""
                yield one, f"waits for its annotation: a file {ends} that names it{of}"
        elif one in named:
            lacking = sorted(set(named[one]) - here - set(there))
            more = f" and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
            which = (
                f"{', '.join(lacking[:SHOWN])}{more} neither here nor in the set"
                if lacking
                else "they are here"
            )
            yield one, f"waits for its photos: {which}"
        else:
            yield one, f"is left alone: a set of format {format} takes photos, and {ends}"


def _masks(files: Sequence[str], suffix: str) -> Iterator[tuple[str, str]]:
    photos = [one for one in files if is_photo(one) and one.partition("/")[0] != MASKS]
    for one in files:
        stem = without_extension(one)
        if one.partition("/")[0] == MASKS:
            yield (
                one,
                f"waits for its photo: {posixpath.relpath(stem, MASKS)}.jpg, or another ending, outside {MASKS}/",
            )
        elif one not in photos:
            yield one, f"is left alone: photos are taken, and masks in {MASKS}/"
        elif photo := next((other for other in photos if _seems_its_mask(one, other)), ""):
            place = f"{MASKS}/{without_extension(photo).removesuffix(suffix)}{one[len(stem) :]}"
            yield one, f"lies where photos lie: the mask of {photo} belongs at {place}"
        else:
            yield one, f"waits for its mask: {MASKS}/{stem.removesuffix(suffix)}.png"


def _seems_its_mask(one: str, photo: str) -> bool:
    """Whether somebody may have meant it so: mask/a.png of image/a.jpg, a.png or a_mask.png of a.jpg."""
    folder, name = posixpath.split(without_extension(one))
    photo_folder, photo_name = posixpath.split(without_extension(photo))
    if folder != photo_folder:
        last = posixpath.basename(folder).lower()
        return name == photo_name and last.startswith(_FOLDERS_OF_MASKS)
    rest = name.removeprefix(photo_name).strip("_-.").lower() if name.startswith(photo_name) else None
    if rest == "":
        return name == photo_name and one.lower().endswith(".png") and not photo.lower().endswith(".png")
    return rest is not None and rest.startswith(_FOLDERS_OF_MASKS)
