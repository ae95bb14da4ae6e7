r"""Which photo belongs to which mask, in a folder that was labelled on another computer.

    row 1   C:\Users\Ed\street\images\031.jpg      →  images/031.jpg
            C:\Users\Ed\street\PixelLabelData\Label_1.png  →  PixelLabelData/Label_1.png

Recorded paths are absolute and foreign, so only the file name counts: it is looked for in the given folder, and below
the root where it does not lie there. What is found twice is an error, what is found under another extension is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PureWindowsPath
from posixpath import normpath

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.formats._parts.matlab_files import EXPORT, Row
from segdata.formats._parts.matlab_shapes import Shape
from segdata.formats._parts.photo_files import composed, is_photo, list_files, without_extension


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


@dataclass(frozen=True)
class Folders:
    """The files below a source's root, and where photos and masks should lie (relative, "" is the root).

    findings   what the listing left out
    """

    files: dict[str, Path]
    photos: str
    masks: str
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, source: OpenSource, photos: str, masks: str) -> Folders:
        """Raises DataError for a folder outside the root."""
        relative = []
        for folder in (photos, masks):
            source.inside(folder, named_by=f"{source.where}: source.options")
            name = normpath(composed(folder))
            relative.append("" if name == "." else name + "/")
        findings: list[Finding] = []
        files = list_files(source.root, source.root, findings)
        return cls(files, relative[0], relative[1], tuple(findings))

    @cached_property
    def _by_last_name(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for name in self.files:
            names.setdefault(name.rpartition("/")[2], []).append(name)
        return names

    def photo_id(self, name: str) -> str:
        """The sample id: the path below the photos folder, without extension."""
        return without_extension(name.removeprefix(self.photos))

    def below(self, folder: str) -> list[str]:
        """Names of the files in a folder and its sub-folders."""
        return [name for name in self.files if name.startswith(folder)]

    def locate(self, recorded: str, folder: str, *, where: str, place: str) -> str | None:
        """The file of a recorded path. Raises DataError for two of that name, or a path with '..'."""
        path = PureWindowsPath(composed(recorded))
        if ".." in path.parts:
            raise DataError(
                where,
                place=place,
                found=f"the path {recorded!r}",
                expected="a full path without '..', as MATLAB records it",
            )
        if folder + path.name in self.files:
            return folder + path.name
        found = self._by_last_name.get(path.name, [])
        if len(found) > 1:
            raise DataError(
                where,
                place=place,
                found=f"{path.name!r} in several folders: {', '.join(found)}",
                expected="one file of that name",
                fix="Name the right folder in source.options.photos or source.options.labels, or remove a copy.",
            )
        return found[0] if found else None

    def near(self, recorded: str, folder: str) -> list[str]:
        """Files of a folder that differ from a recorded name in extension or case alone."""
        stem = without_extension(PureWindowsPath(composed(recorded)).name).casefold()
        names = [name for name in self.below(folder) if is_photo(name)]
        return [name for name in names if without_extension(name.rpartition("/")[2]).casefold() == stem]


def pair_rows(rows: Sequence[Row], folders: Folders, where: str) -> Pairing:
    """Row by row, as the ground truth says; photos of the folder that no row names are not annotated.

    Raises DataError for a file name that is there twice, and for two rows with one photo.
    """
    pairing = Pairing()
    spoken_for: set[str] = set()
    for number, row in enumerate(rows, start=1):
        place = f"row {number}"
        photo = folders.locate(row.photo, folders.photos, where=where, place=place)
        mask = row.mask and folders.locate(row.mask, folders.masks, where=where, place=place)
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
    masks = set(folders.below(folders.masks)) if folders.masks != folders.photos else set()
    for name in folders.below(folders.photos):
        if is_photo(name) and name not in spoken_for and name not in masks:
            pairing.add(folders.photo_id(name), Pair(name, None))
    for name in sorted(masks - spoken_for):
        if is_photo(name):
            message = f"no row of {where} names this mask"
            pairing.findings.append(Finding("mask-unused", name, "", message, "ignored"))
    return pairing


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
        message = (
            f"{len(by_tail)} masks name their photo at the end, such as {masks[mask]!r} for {photos[id]!r}"
        )
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
