"""PASCAL VOC segmentation masks (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf), also as labelme and CVAT write them.

    JPEGImages/2007_000032.jpg
    SegmentationClass/2007_000032.png               palettised: 0 background, 1 aeroplane, … 255 border
    ImageSets/Segmentation/{train,val,test}.txt     one id per line: "2007_000032"
    class_names.txt                                 labelme: line i names index i
    labelmap.txt                                    CVAT: "aeroplane:128,0,0::" per line

The class of a pixel is its palette *index*; 255, the border between objects, is always ignore. A mask stored in
colours goes through the VOC palette, or through the colours of labelmap.txt, and a colour that stands in neither is
an error with its row and column. Names of source.label_map are understood where `options.labels` says what the
indices are called; its values are indices.

Traps: opened as RGB or grey, a palettised mask yields colours or brightness and no class. The palette of another tool
changes nothing about the indices. A border mapped to class 21 is a wrong class. Annotations/*.xml are boxes, no masks.
Masks are in the frame of the photo as it is shown, unless `source.exif: as-stored` says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from segdata.digests import value_digest
from segdata.errors import ConfigError, DataError
from segdata.findings import Finding, Severity
from segdata.formats import Fingerprint, OpenSource
from segdata.formats._parts.photo_files import (
    PHOTO_SUFFIXES,
    composed,
    digest_of,
    list_files,
    without_extension,
)
from segdata.label_map import LabelMap
from segdata.ontology import IGNORE_INDEX, voc_palette
from segdata.photo import Photo, Resize, read_mask_values, read_palette, turn_upright
from segdata.rasterize import blank_mask
from segdata.sample import Sample

SPLIT_LISTS = ("train", "val", "test")
Color = tuple[int, int, int]


@dataclass(frozen=True)
class LabelFile:
    """What the indices are called, in index order, and the colours of the masks where the file gives them."""

    name: str
    names: tuple[str, ...]
    colors: tuple[Color, ...] = ()

    @classmethod
    def read(cls, path: Path, name: str) -> LabelFile:
        """Parse class_names.txt or labelmap.txt. Raises DataError naming the line."""
        names: dict[str, int] = {}
        colors: dict[Color, int] = {}
        for number, line in enumerate(_lines(path, name), 1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            label, *rest = text.split(":")
            if label in names:
                raise DataError(
                    name, place=f"line {number}", found=f"{label!r} again", expected="each name once"
                )
            names[label] = number
            if rest:
                color = _color(rest[0], name, number)
                if color in colors:
                    raise DataError(
                        name,
                        place=f"line {number}",
                        found=f"colour {color} again",
                        expected="each colour once",
                    )
                colors[color] = number
        if not 1 <= len(names) <= IGNORE_INDEX or len(colors) not in (0, len(names)):
            raise DataError(
                name,
                found=f"{len(names)} names, {len(colors)} of them with a colour",
                expected="1 to 255 names, with a colour each or without any",
            )
        return cls(name, tuple(names), tuple(colors))


def _lines(path: Path, name: str) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(name, found="bytes that are not UTF-8", expected="UTF-8 text") from error


def _color(text: str, name: str, number: int) -> Color:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and int(part) <= 255 for part in parts):
        raise DataError(name, place=f"line {number}", found=repr(text), expected="red,green,blue of 0 to 255")
    return int(parts[0]), int(parts[1]), int(parts[2])


def indices_of_colors(
    pixels: NDArray[np.uint8], colors: Mapping[Color, int], where: str
) -> NDArray[np.uint8]:
    """Indices of a mask stored in colours.

    pixels  uint8 (H, W, 3) RGB. Returns uint8 (H, W). Raises DataError with row and column of an unknown colour.
    """
    known = np.array(
        sorted((red << 16 | green << 8 | blue, index) for (red, green, blue), index in colors.items())
    )
    codes = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    at = np.minimum(np.searchsorted(known[:, 0], codes), len(known) - 1)
    wrong = known[at, 0] != codes
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            where,
            place=f"row {row}, column {column}",
            found=f"colour {tuple(pixels[row, column].tolist())} ({np.count_nonzero(wrong)} pixels of unknown colours)",
            expected=f"one of the {len(colors)} colours of the palette",
            fix="Save masks as PNG without smoothing, or name the file of your colours in source.options.labels.",
        )
    indices: NDArray[np.uint8] = known[at, 1].astype(np.uint8)
    return indices


def read_indices(path: Path, name: str, labels: LabelFile | None) -> tuple[NDArray[Any], tuple[Finding, ...]]:
    """Indices of a mask file, whatever it stores: indices, or colours of the VOC palette or of labelmap.txt.

    Returns unsigned integers (H, W). Raises DataError for a damaged file or an unknown colour.
    """
    values = read_mask_values(path, name)
    official = {color: index for index, color in enumerate(voc_palette())}
    palette = read_palette(path, name)
    if labels is not None and labels.colors:
        colors = {official_border(): IGNORE_INDEX} | {color: i for i, color in enumerate(labels.colors)}
        if palette is not None:  # with a table of colours, what an index means is its colour
            values = palette[values]
        return (indices_of_colors(values, colors, name) if values.ndim == 3 else values), ()
    if values.ndim == 3:
        return indices_of_colors(values, official, name), ()
    if palette is not None:
        used = np.flatnonzero(np.bincount(values.ravel(), minlength=256))
        foreign = used[np.any(palette[used] != np.array(voc_palette(), np.uint8)[used], axis=1)]
        if foreign.size:
            message = f"the palette of {foreign.size} indices is not VOC's, the first {int(foreign[0])}"
            return values, (Finding("foreign-palette", name, "", message, "indices kept"),)
    return values, ()


def official_border() -> Color:
    """VOC's colour of the border, index 255."""
    return voc_palette()[IGNORE_INDEX]


def _map_of_indices(source: OpenSource, labels: LabelFile | None) -> LabelMap:
    """Class id of every index: by the names of the label file where there is one, by value, 255 always ignore."""
    own_names = source.label_map == LabelMap.identity(source.ontology)
    if labels is None:
        if source.label_map.by_name and not own_names:
            raise ConfigError(
                source.where,
                place="source.label_map",
                found=f"the name {next(iter(source.label_map.by_name))!r}",
                expected="palette indices, or source.options.labels: the file that names them",
            )
        return LabelMap({}, {**source.label_map.by_value, IGNORE_INDEX: IGNORE_INDEX})
    names = enumerate(labels.names)
    by_name = {i: source.label_map.by_name[name] for i, name in names if name in source.label_map.by_name}
    by_value = {} if own_names else source.label_map.by_value
    return LabelMap({}, {**by_name, **by_value, IGNORE_INDEX: IGNORE_INDEX})


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where things lie below the root.

    photos  folder of the photos (.jpg, .png, …)
    masks   folder of the masks (.png)
    lists   folder of train.txt, val.txt, test.txt: the official splits; without them every mask is a sample
    labels  class_names.txt or labelmap.txt: names of the indices
    """

    photos: str = "JPEGImages"
    masks: str = "SegmentationClass"
    lists: str = "ImageSets/Segmentation"
    labels: str | None = None


class Reader:
    """A VOC tree.

    Raises DataError when photos or masks are absent or an id is in two lists, ConfigError for names in the label map
    without options.labels.
    """

    findings: Sequence[Finding]

    def __init__(self, source: OpenSource) -> None:
        self._source = source
        self._options = options = source.decode_options(Options)
        for folder in (options.photos, options.masks, options.lists, options.labels or ""):
            source.inside(folder, named_by=f"{source.where}: source.options")
        if not (source.root / options.masks).is_dir() and any((source.root / "Annotations").glob("*.xml")):
            raise DataError(
                str(source.root),
                found=f"Annotations/*.xml (boxes) and no folder {options.masks}",
                expected="masks: one number per pixel",
                fix="Boxes are no masks: export segmentation masks, or name their folder in source.options.masks.",
            )
        source.need(options.photos, "the photos: <id>.jpg")
        source.need(options.masks, "the masks: <id>.png")
        self._labels: LabelFile | None = None
        if options.labels is not None:
            path = source.need(options.labels, "names of the indices: class_names.txt or labelmap.txt")
            self._labels = LabelFile.read(path, options.labels)
        self._label_map = _map_of_indices(source, self._labels)
        findings: list[Finding] = []
        self._masks = _files(source, options.masks, (".png",), findings)
        self._photos = _files(source, options.photos, PHOTO_SUFFIXES, findings)
        self._splits = self._read_lists(findings)
        self._ids = tuple(id for id in self._candidates(findings) if self._usable(id, findings))
        self.findings = tuple(findings)

    def _read_lists(self, findings: list[Finding]) -> dict[str, str] | None:
        """The official split of every listed id; None where there is no list."""
        splits: dict[str, str] = {}
        found = False
        for split in SPLIT_LISTS:
            name = f"{self._options.lists}/{split}.txt"
            path = self._source.root / name
            if not path.is_file():
                continue
            found = True
            for number, line in enumerate(_lines(path, name), 1):
                id = composed(line.strip())
                if not id:
                    continue
                if PurePosixPath(id).is_absolute() or {"..", "."} & set(id.split("/")):
                    raise DataError(
                        name, place=f"line {number}", found=repr(id), expected="the id of a photo"
                    )
                if splits.get(id, split) != split:
                    raise DataError(
                        name,
                        place=f"line {number}",
                        found=f"id {id!r}, which {splits[id]}.txt lists too",
                        expected="every id in one list only",
                        fix="Remove it from one of the two: a model must not be scored on what it was trained on.",
                    )
                if id in splits:
                    place, message = f"line {number}", f"id {id!r} a second time"
                    findings.append(Finding("listed-twice", name, place, message, "taken once"))
                splits[id] = split
        return splits if found else None

    def _candidates(self, findings: list[Finding]) -> list[str]:
        """Ids to look at: the listed ones; without lists all that have a mask or a photo."""
        if self._splits is None:
            return sorted(self._masks.keys() | self._photos.keys())
        unlisted = sorted(self._masks.keys() - self._splits.keys())
        if unlisted:
            some = ", ".join(unlisted[:3]) + (", …" if len(unlisted) > 3 else "")
            message = f"{len(unlisted)} masks that no list names: {some}"
            findings.append(Finding("not-listed", self._options.masks, "", message, "set aside", "warning"))
        return sorted(self._splits)

    def _usable(self, id: str, findings: list[Finding]) -> bool:
        """Whether a sample can be made of this id; says why not."""
        options, listed = self._options, self._splits is not None
        photos = self._photos.get(id, [])
        if len(photos) != 1:
            code, found = ("several-photos", f"{len(photos)} photos") if photos else ("no-photo", "no photo")
            message = f"{found} named {options.photos}/{id} with ending {', '.join(PHOTO_SUFFIXES)}"
            name = f"{options.masks}/{id}.png"
            if id not in self._masks and self._splits is not None:
                name = f"{options.lists}/{self._splits[id]}.txt"
                message += f", and no mask, for listed id {id!r}"
            findings.append(Finding(code, name, "", message, "set aside", "error"))
            return False
        if id in self._masks:
            return True
        policy = self._source.unannotated
        severity: Severity = "error" if listed and policy == "skip" else "warning"
        action = self._source.unannotated_action
        message = f"no mask {options.masks}/{id}.png" + (" of this listed photo" if listed else "")
        findings.append(Finding("not-annotated", self._name(photos[0]), "", message, action, severity))
        return policy != "skip"

    def _name(self, path: Path) -> str:
        return path.relative_to(self._source.root).as_posix()

    def ids(self) -> Sequence[str]:
        return self._ids

    def official_split(self, id: str) -> str | None:
        return None if self._splits is None else self._splits[id]

    def fingerprint(self, id: str) -> Fingerprint:
        masks = [[self._name(path), digest_of(path, self._name(path))] for path in self._masks.get(id, ())]
        photo = self._photos[id][0]
        labels = msgspec.to_builtins(self._labels)
        return Fingerprint(
            digest_of(photo, self._name(photo)), value_digest([self._name(photo), masks, labels])
        )

    def read(self, id: str, resize: Resize | None = None) -> Sample:
        photo = Photo.open(self._photos[id][0], self._name(self._photos[id][0]))
        if id not in self._masks:
            return photo.sample(id, blank_mask(photo.upright_hw, self._source.unannotated_id), resize)
        path = self._masks[id][0]
        values, findings = read_indices(path, self._name(path), self._labels)
        names = dict(enumerate(self._labels.names)) if self._labels else None
        mask = self._label_map.remap(values, where=self._name(path), names=names)
        if self._source.exif == "as-stored":
            mask = turn_upright(mask, photo.orientation)
        return photo.sample(id, mask, resize, findings)


def _files(
    source: OpenSource, folder: str, suffixes: tuple[str, ...], findings: list[Finding]
) -> dict[str, list[Path]]:
    """Files with one of these endings by their name below `folder` without the ending."""
    found: dict[str, list[Path]] = {}
    for name, path in list_files(source.root / folder, source.root, findings).items():
        if path.suffix.lower() in suffixes:
            found.setdefault(without_extension(name), []).append(path)
    return found
