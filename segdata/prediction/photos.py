"""The photos of a prediction: files, and all photos below folders, each under a name for its mask.

segdata predict mine "roll 2" IMG_0001.jpg
roll 2/day 1/IMG_7.JPG  →  day 1/IMG_7          below a folder: the path in it, without extension
IMG_0001.jpg            →  IMG_0001
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segdata.errors import DataError
from segdata.export.items import problem_with
from segdata.findings import Finding
from segdata.formats._parts.photo_files import composed, is_photo, list_files, without_extension


@dataclass(frozen=True, slots=True)
class Given:
    """A photo to predict. `name` is the path to show."""

    id: str
    path: Path
    name: str


@dataclass
class Photos:
    """What was given, sorted by id. `findings` names what cannot be taken; `others` counts files that are no photos."""

    given: list[Given] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    others: int = 0


def find_photos(inputs: Sequence[Path]) -> Photos:
    """Files are taken whatever they are called (and refused when read); folders give what is named as a photo.

    Hidden files are left out, links to folders are not entered, links that lead out of the folder are set aside. Raises
    DataError for a path that is not there.
    """
    photos = Photos()
    taken: dict[str, Given] = {}
    for place in inputs:
        if place.is_dir():
            for name, path in list_files(place, place, photos.findings).items():
                if not is_photo(name):
                    photos.others += 1
                elif not path.resolve().is_relative_to(place.resolve()):
                    _set_aside(photos, str(place / name), "a link that leads out of the folder")
                else:
                    _take(photos, taken, Given(without_extension(name), path, str(place / name)))
        elif place.exists():
            _take(photos, taken, Given(without_extension(composed(place.name)), place, str(place)))
        else:
            raise DataError(
                str(place), found="no such file or folder", expected="a photo, or a folder of photos"
            )
    photos.given.sort(key=lambda one: one.id)
    return photos


def _take(photos: Photos, taken: dict[str, Given], given: Given) -> None:
    problem = problem_with(given.id)
    first = taken.setdefault(given.id.casefold(), given)
    if problem:
        _set_aside(photos, given.name, f"a name that the mask cannot have everywhere: {problem}")
    elif first is given:
        photos.given.append(given)
    elif first.path.absolute() != given.path.absolute():
        _set_aside(photos, given.name, f"its mask would be called as that of {first.name}")


def _set_aside(photos: Photos, name: str, message: str) -> None:
    shown = name if name.isprintable() else repr(name)
    photos.findings.append(Finding("file-name", shown, "", message, "set aside", "error"))
