"""Which photo and which mask belong together: files of one name, in one folder each, or one pair of folders per split.

image/a.jpg        mask/a.png            id "a"
images/train/a.jpg masks/train/a.png     photos: {train: images/train}, masks: {train: masks/train}   id "train/a"
data/a_sat.jpg     data/a_mask.png       photo_suffix: _sat, mask_suffix: _mask                       id "a"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from segdata.errors import ConfigError, DataError
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.formats._parts.photo_files import is_photo, list_files, without_extension
from segdata.pipeline import SPLITS, Split


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of `source.options`.

    photos, masks   folder names, or {split: folder} each, which is the official split
    split_folders   both lie in train/, val/ and test/ (those that exist), which is the official split
    photo_suffix    end of the photos' names, before the extension, that is no part of the id: "_sat"
    mask_suffix     the same of the masks' names: "_mask", "_L". Files without it are no masks
    names           file whose line i names value i - 1, or labelmap.txt, whose colours coloured masks go through
    """

    photos: str | dict[Split, str] = "image"
    masks: str | dict[Split, str] = "mask"
    split_folders: bool = False
    photo_suffix: str = ""
    mask_suffix: str = ""
    names: str | None = None


@dataclass(frozen=True)
class Pair:
    """Every photo and mask file of one id, as paths relative to the root: one of each where all is well."""

    split: str | None
    photos: tuple[str, ...]
    masks: tuple[str, ...]


def list_pairs(source: OpenSource, options: Options, findings: list[Finding]) -> dict[str, Pair]:
    """Pairs by id, which begins with the split where splits are folders; what could not be listed adds to `findings`.

    Raises DataError for an absent folder, ConfigError for options that contradict each other.
    """
    pairs: dict[str, Pair] = {}
    for split, (photo_folder, mask_folder) in _folders(source, options).items():
        photos, others = _by_stem(source, photo_folder, "the photos", options.photo_suffix, findings)
        what = "the masks, named like the photos"
        masks, no_masks = _by_stem(source, mask_folder, what, options.mask_suffix, findings)
        if photo_folder == mask_folder:
            photos = _without(photos, masks)
            others, no_masks = others & no_masks, set()
        suffixes = (photo_folder, options.photo_suffix, others), (mask_folder, options.mask_suffix, no_masks)
        for folder, suffix, left_out in suffixes:
            if left_out:
                some = ", ".join(sorted(left_out)[:3]) + (", …" if len(left_out) > 3 else "")
                message = f"{len(left_out)} image files whose names do not end in {suffix!r}: {some}"
                findings.append(Finding("other-files", folder, "", message, "left out", "warning"))
        prefix = f"{split}/" if split else ""
        for stem in sorted(photos.keys() | masks.keys()):
            pairs[f"{prefix}{stem}"] = Pair(split, photos.get(stem, ()), masks.get(stem, ()))
    return pairs


def _folders(source: OpenSource, options: Options) -> Mapping[str | None, tuple[str, str]]:
    """Folder of the photos and folder of the masks, by split."""
    photos, masks = options.photos, options.masks
    if isinstance(photos, dict) and isinstance(masks, dict):
        if photos.keys() != masks.keys() or not photos or options.split_folders:
            raise _contradiction(
                source, "photos and masks with folders of the same splits, and no split_folders"
            )
        return {split: (photos[split], masks[split]) for split in SPLITS if split in photos}
    if isinstance(photos, dict) or isinstance(masks, dict):
        raise _contradiction(source, "photos and masks both as one folder, or both as {split: folder}")
    if photos == masks and options.photo_suffix == options.mask_suffix:
        raise _contradiction(
            source, "photos and masks in two folders, or a mask_suffix that tells them apart"
        )
    if not options.split_folders:
        return {None: (photos, masks)}
    present = [split for split in SPLITS if (source.root / split).is_dir()]
    if not present:
        raise DataError(
            source.root,
            found="none of the folders train/, val/, test/",
            expected="at least one (source.options.split_folders is true)",
            fix="README: Add your own photos.",
        )
    return {split: (f"{split}/{photos}", f"{split}/{masks}") for split in present}


def _contradiction(source: OpenSource, expected: str) -> ConfigError:
    found = ", ".join(f"{key}: {source.options[key]}" for key in sorted(source.options))
    return ConfigError(source.where, place="source.options", found=found, expected=expected)


def _without(
    photos: dict[str, tuple[str, ...]], masks: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Photos of a folder that holds both, without its masks."""
    taken = {name for names in masks.values() for name in names}
    left = {stem: tuple(name for name in names if name not in taken) for stem, names in photos.items()}
    return {stem: names for stem, names in left.items() if names}


def _by_stem(
    source: OpenSource, folder: str, what: str, suffix: str, findings: list[Finding]
) -> tuple[dict[str, tuple[str, ...]], set[str]]:
    """Image files of a folder by relative path without suffix and extension, as paths relative to the root.

    Second, the image files whose names do not end in the suffix.
    """
    path = source.inside(folder, named_by=f"{source.where}: source.options")
    source.need(folder, what)
    stems: dict[str, tuple[str, ...]] = {}
    others: set[str] = set()
    for relative, file in list_files(path, source.root, findings).items():
        stem = without_extension(relative)
        if not is_photo(relative):
            continue
        name = file.relative_to(source.root).as_posix()
        if stem.endswith(suffix) and stem.rpartition("/")[2] != suffix:
            stem = stem.removesuffix(suffix)
            stems[stem] = (*stems.get(stem, ()), name)
        else:
            others.add(name)
    return stems, others
