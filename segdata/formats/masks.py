"""Plain mask folders: a photo and a mask of the same name, its pixels the label values.

    image/0001TP_006690.jpg     mask/0001TP_006690.png      sample "0001TP_006690"

or, with `split_folders: true`, one such pair of folders per split:

    train/image/0001TP_006690.jpg   train/mask/0001TP_006690.png   val/…   test/…      sample "train/0001TP_006690"

Masks are single-channel files of 8 or 16 bits, or palettised (their indices count, not their colours). The label map
gives every value its class: {3: road, 11: ignore}.

Traps
- A JPEG mask invents values along every border, and a coloured (RGB) mask has no label values: both are refused.
- Value 0 is a value like any other; whether it is background, unlabelled or a class, the label map says.
- A mask has the photo's size, upright as the photo is shown unless `source.exif: as-stored` says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from segdata.digests import value_digest
from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import Fingerprint, OpenSource
from segdata.formats._parts.photo_files import digest_of, is_photo, list_files, without_extension
from segdata.label_map import LabelMap
from segdata.photo import Photo, Resize, read_mask_values, turn_upright
from segdata.pipeline import SPLITS
from segdata.rasterize import blank_mask
from segdata.sample import Mask, Sample

LOSSY = (".jpg", ".jpeg", ".jpe", ".mpo", ".webp")


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of `source.options`.

    photos, masks   folder names
    split_folders   both lie in train/, val/ and test/ (those that exist), which is the official split
    """

    photos: str = "image"
    masks: str = "mask"
    split_folders: bool = False


@dataclass(frozen=True)
class _Pair:
    """Every photo and mask file of one id, as paths relative to the root: one of each where all is well."""

    split: str | None
    photos: tuple[str, ...]
    masks: tuple[str, ...]


def class_ids(path: Path, name: str, label_map: LabelMap) -> Mask:
    """A mask file as class ids. Returns uint8 (H, W), 255 = ignore; its orientation is the file's own.

    Raises DataError for coloured or JPEG masks, UnmappedLabelError for a value that the label map does not name.
    """
    if name.lower().endswith(LOSSY):
        raise DataError(
            name,
            found="a mask in a lossy format",
            expected="PNG, BMP or TIFF: JPEG and WebP change the values along borders",
            fix="Export the mask again as PNG.",
        )
    values = read_mask_values(path, name)
    if values.ndim != 2:
        raise DataError(
            name,
            found="a coloured (RGB) mask",
            expected="one channel of label values, or a palettised file",
            fix="Export label numbers instead of colours.",
        )
    return label_map.remap(values, where=name)


class Reader:
    """Photos and masks paired by name. Raises DataError when a folder is absent."""

    def __init__(self, source: OpenSource) -> None:
        self._source = source
        options = source.decode_options(Options)
        found: list[Finding] = []
        self._pairs: dict[str, _Pair] = {}
        for split in _split_folders(source, options):
            for id, pair in _pairs(source, options, split, found).items():
                if not pair.photos:
                    message = "no photo of this name"
                    found += [
                        Finding("no-photo", mask, "", message, "set aside", "error") for mask in pair.masks
                    ]
                elif not pair.masks and source.unannotated == "skip":
                    found += [_no_mask(photo, source.unannotated_action) for photo in pair.photos]
                else:
                    self._pairs[id] = pair
        self.findings: Sequence[Finding] = tuple(found)

    def ids(self) -> Sequence[str]:
        return tuple(sorted(self._pairs))

    def official_split(self, id: str) -> str | None:
        return self._pairs[id].split

    def fingerprint(self, id: str) -> Fingerprint:
        photo, mask = self._files(id)
        digest = None if mask is None else digest_of(self._source.root / mask, mask)
        said = value_digest([photo, mask, digest])
        return Fingerprint(digest_of(self._source.root / photo, photo), said)

    def read(self, id: str, resize: Resize | None = None) -> Sample:
        name, mask_name = self._files(id)
        photo = Photo.open(self._source.root / name, name)
        if mask_name is None:
            blank = blank_mask(photo.upright_hw, self._source.unannotated_id)
            return photo.sample(id, blank, resize, (_no_mask(name, self._source.unannotated_action),))
        mask = class_ids(self._source.root / mask_name, mask_name, self._source.label_map)
        if self._source.exif == "as-stored":
            mask = turn_upright(mask, photo.orientation)
        return photo.sample(id, mask, resize)

    def _files(self, id: str) -> tuple[str, str | None]:
        pair = self._pairs[id]
        for names, what in ((pair.photos, "photos"), (pair.masks, "masks")):
            if len(names) > 1:
                raise DataError(
                    " and ".join(names),
                    found=f"several {what} of the name {id!r}",
                    expected="one",
                    fix="Rename or remove one.",
                )
        return pair.photos[0], pair.masks[0] if pair.masks else None


def _no_mask(photo: str, action: str) -> Finding:
    return Finding("not-annotated", photo, "", "no mask of this name", action, "warning")


def _split_folders(source: OpenSource, options: Options) -> Sequence[str | None]:
    if not options.split_folders:
        return (None,)
    present = [split for split in SPLITS if (source.root / split).is_dir()]
    if not present:
        raise DataError(
            source.root,
            found="none of the folders train/, val/, test/",
            expected="at least one (source.options.split_folders is true)",
            fix="README: Add your own photos.",
        )
    return present


def _pairs(
    source: OpenSource, options: Options, split: str | None, findings: list[Finding]
) -> Mapping[str, _Pair]:
    prefix = f"{split}/" if split else ""
    photos = _by_stem(source, f"{prefix}{options.photos}", "the photos", findings)
    masks = _by_stem(source, f"{prefix}{options.masks}", "the masks, named like the photos", findings)
    return {
        f"{prefix}{stem}": _Pair(split, photos.get(stem, ()), masks.get(stem, ()))
        for stem in sorted(photos.keys() | masks.keys())
    }


def _by_stem(
    source: OpenSource, folder: str, what: str, findings: list[Finding]
) -> dict[str, tuple[str, ...]]:
    """Image files of a folder by relative path without extension, as paths relative to the root."""
    path = source.inside(folder, named_by=f"{source.where}: source.options")
    source.need(folder, what)
    stems: dict[str, tuple[str, ...]] = {}
    for relative, file in list_files(path, source.root, findings).items():
        if is_photo(relative):
            stem = without_extension(relative)
            stems[stem] = (*stems.get(stem, ()), file.relative_to(source.root).as_posix())
    return stems
