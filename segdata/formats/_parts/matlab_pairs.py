r"""Which photo belongs to which mask, in a folder that was labelled on another computer.

    row 1   C:\Users\Ed\street\images\031.jpg      →  images/031.jpg
            C:\Users\Ed\street\PixelLabelData\Label_1.png  →  PixelLabelData/Label_1.png

Recorded paths are absolute and foreign, so they are read from their end: of the files of that name below the root, the
one counts that shares most folders with the record (`matlab_places.py`). What is still found twice is an error, what
lies in a folder of another name or has another extension is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PureWindowsPath

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.matlab_files import EXPORT, Row
from segdata.formats._parts.matlab_places import Folders, Moved
from segdata.formats._parts.matlab_shapes import Shape
from segdata.formats._parts.photo_files import is_photo, without_extension
from segdata.wording import counted


@dataclass(frozen=True, slots=True)
class Pair:
    """A photo and its mask, by names relative to the root, or what was outlined on it; neither: nobody labelled it."""

    photo: str
    mask: str | None
    shapes: tuple[Shape, ...] = ()

    @property
    def is_bare(self) -> bool:
        return self.mask is None and not self.shapes


@dataclass
class Pairing:
    """Pairs by sample id, and what found no partner."""

    pairs: dict[str, Pair] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, id: str, pair: Pair) -> None:
        """Raises DataError naming both photos when an id comes a second time."""
        if id in self.pairs:
            raise DataError(
                pair.photo,
                found=f"the sample id {id!r} a second time",
                expected=f"one photo per id; the first is {self.pairs[id].photo}",
                fix="Remove or rename one of them.",
            )
        self.pairs[id] = pair

    def lose(self, code: str, file: str, place: str, message: str) -> None:
        """Note a row or mask that yields no sample, and why."""
        self.findings.append(Finding(code, file, place, message, "set aside", "error"))


def pair_rows(rows: Sequence[Row], folders: Folders, where: str) -> Pairing:
    """Row by row, as the ground truth says; photos of the folder that no row names are not annotated.

    Raises DataError for a file name that is there twice, and for two rows with one photo or one mask.
    """
    pairing = Pairing()
    spoken_for: set[str] = set()
    moved = Moved()
    places: dict[str, str] = {}
    for number, row in enumerate(rows, start=1):
        place = f"row {number}"
        photo = folders.locate(row.photo, "photos", where=where, place=place)
        mask = row.mask and folders.locate(row.mask, "labels", where=where, place=place)
        if mask == photo:  # PNG photos have PNG masks of the same name, which may be left at home
            mask = None
        spoken_for.update(name for name in (photo, mask) if name)
        if photo is None:
            near = folders.near(row.photo, folders.photos)
            spoken_for.update(near)
            pairing.lose("no-photo", where, place, _absent("photo", row.photo, folders.photos, near))
        elif row.mask and mask is None:
            near = folders.near(row.mask, folders.masks)
            pairing.lose("no-mask", where, place, _absent("mask", row.mask, folders.masks, near))
        else:
            pairing.add(folders.photo_id(photo), Pair(photo, mask or None, row.shapes))
            moved.note(row.photo, photo, "photos", place)
            if mask and row.mask:
                if places.setdefault(mask, place) != place:
                    _refuse_shared(mask, row, where, place, places[mask])
                moved.note(row.mask, mask, "labels", place)
    pairing.findings += moved.findings(where)
    apart = folders.masks != folders.photos
    masks = {name for name in folders.below(folders.masks) if apart and folders.lies_right(name, "labels")}
    for name in folders.below(folders.photos):
        if is_photo(name) and name not in spoken_for and name not in masks:
            pairing.add(folders.photo_id(name), Pair(name, None))
    for name in sorted(masks - spoken_for):
        if is_photo(name):
            message = f"no row of {where} names this mask"
            pairing.findings.append(Finding("mask-unused", name, "", message, "ignored"))
    return pairing


def _refuse_shared(mask: str, row: Row, where: str, place: str, first: str) -> None:
    raise DataError(
        where,
        place=place,
        found=f"the mask {mask}, which {first} has too (recorded as {row.mask!r})",
        expected="a mask of its own for each photo",
        fix="Copy the missing folder of masks too, with its name as recorded.",
    )


_NUMBERED = re.compile(r"^(?:.*/)?Label_\d+(?:_(?P<photo>.+))?$")
"""Label_1, as Image Labeler names masks; newer releases add the photo: Label_1_IMG_0031."""


def pair_names(folders: Folders, suffix: str) -> Pairing:
    """Photos and masks of the same name in two folders: image/a/7.jpg and labels/a/7.png, or labels/Label_1_7.png.

    Raises DataError when all masks are Image Labeler's Label_1, Label_2, …, which name no photo.
    """
    pairing = Pairing()
    masks = {
        without_extension(name.removeprefix(folders.masks)): name
        for name in folders.below(folders.masks)
        if name.lower().endswith(suffix)
    }
    photos: dict[str, str] = {}
    for name in folders.below(folders.photos):
        is_mask = folders.masks != folders.photos and name.startswith(folders.masks)
        if is_photo(name) and not is_mask and name not in masks.values():
            if (id := folders.photo_id(name)) in photos:
                pairing.add(id, Pair(photos[id], None))
                pairing.add(id, Pair(name, None))
            photos[id] = name
    _refuse_numbers(masks, photos, folders)
    by_tail = _by_tail(masks, photos)
    for id, name in photos.items():
        pairing.add(id, Pair(name, masks.get(by_tail.get(id, id))))
    if by_tail:
        id, mask = next(iter(by_tail.items()))
        message = f"{counted(len(by_tail), 'mask')} named after the photo at the end of the name, such as {masks[mask]!r} for {photos[id]!r}"
        pairing.findings.append(Finding("mask-by-name", folders.masks or "./", "", message, "paired"))
    for id in sorted(masks.keys() - pairing.pairs.keys() - set(by_tail.values())):
        message = f"no photo {folders.photos}{id}.* for this mask"
        pairing.lose("no-photo", masks[id], "", message)
    return pairing


def _by_tail(masks: Mapping[str, str], photos: Mapping[str, str]) -> dict[str, str]:
    """Photo id → id of the one mask that names it at its end, for photos without a mask of their own name."""
    tails: dict[str, list[str]] = {}
    for id in masks.keys() - photos.keys():
        if (match := _NUMBERED.match(id)) and match["photo"]:
            tails.setdefault(match["photo"], []).append(id)
    last = Counter(id.rpartition("/")[2] for id in photos)
    found = {}
    for id in photos:
        wanted = id.rpartition("/")[2]
        if id not in masks and last[wanted] == 1 and len(tails.get(wanted, [])) == 1:
            found[id] = tails[wanted][0]
    return found


def _refuse_numbers(masks: Mapping[str, str], photos: Mapping[str, str], folders: Folders) -> None:
    numbered = [id for id in masks if (match := _NUMBERED.match(id)) and not match["photo"]]
    if numbered and len(numbered) == len(masks) and not masks.keys() & photos.keys():
        raise DataError(
            folders.masks or "./",
            found=f"masks that name no photo ({', '.join(sorted(masks)[:3])}, …)",
            expected="the groundTruth object that says which photo each belongs to",
            fix=EXPORT,
        )


def _absent(what: str, recorded: str, folder: str, near: list[str]) -> str:
    message = f"no {what} {PureWindowsPath(recorded).name!r} in {folder or './'} nor elsewhere (recorded as {recorded!r})"
    if near:
        message += f"; {', '.join(near)} has another extension or spelling and was not taken for it"
    return message
