"""Which photo and which mask belong together: files of one name, in one folder each, or one pair of folders per split.

image/a.jpg        mask/a.png            id "a"
images/train/a.jpg masks/train/a.png     photos: {train: images/train}, masks: {train: masks/train}   id "train/a"
data/a_sat.jpg     data/a_mask.png       photo_suffix: _sat, mask_suffix: _mask                       id "a"
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import msgspec

from segdata.errors import ConfigError, DataError
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.formats._parts.photo_files import composed, is_photo, list_paths, without_extension
from segdata.pipeline import SPLITS, Split
from segdata.wording import counted

RANKS = ("other", "photo", "mask")
"""What a file may be; in one folder for both, a mask is no photo."""


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
    folders = _folders(source, options)
    photos, masks = {}, {}
    for split, (photo_folder, mask_folder) in folders.items():
        photos[split] = _list(source, photo_folder, "the photos", options.photo_suffix, findings)
        what = "the masks, named like the photos"
        masks[split] = _list(source, mask_folder, what, options.mask_suffix, findings)
    roles = _roles(photos.values(), masks.values())
    told: set[str] = set()
    for split in folders:
        for listed, suffix in ((photos[split], options.photo_suffix), (masks[split], options.mask_suffix)):
            left_out = sorted(
                name for name in listed.others if roles[name].what == "other" and name not in told
            )
            told |= set(left_out)
            if left_out:
                some = ", ".join(left_out[:3]) + (", …" if len(left_out) > 3 else "")
                message = f"{counted(len(left_out), 'image file')} without {suffix!r} at the end of the name: {some}"
                findings.append(Finding("other-files", listed.folder, "", message, "left out", "warning"))
        photo_names, mask_names = photos[split].those("photo", roles), masks[split].those("mask", roles)
        prefix = f"{split}/" if split else ""
        for stem in sorted(photo_names.keys() | mask_names.keys()):
            found = photo_names.get(stem, ()), mask_names.get(stem, ())
            pairs[f"{prefix}{stem}"] = Pair(split, *found)
    return pairs


def several(names: Sequence[str], what: str, id: str) -> DataError:
    """Of files that all claim to be the photo, or the mask, of one id."""
    return DataError(
        " and ".join(names),
        found=f"several {what} of the name {id!r}",
        expected="one",
        fix="Rename or remove all but one.",
    )


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
            fix="README: Your own photos.",
        )
    return {split: (f"{split}/{photos}", f"{split}/{masks}") for split in present}


def _contradiction(source: OpenSource, expected: str) -> ConfigError:
    found = ", ".join(f"{key}: {source.options[key]}" for key in sorted(source.options))
    return ConfigError(source.where, place="source.options", found=found, expected=expected)


@dataclass(frozen=True, order=True)
class _Role:
    """What a file is to the folder at this depth below the root; of several claims the greatest wins."""

    depth: int
    rank: int

    @property
    def what(self) -> str:
        return RANKS[self.rank]


@dataclass(frozen=True)
class _Listed:
    """Image files of a folder by relative path without suffix and extension, as paths relative to the root.

    others   the image files whose names do not end in the suffix
    """

    folder: str
    stems: Mapping[str, tuple[str, ...]]
    others: set[str]

    def role(self, what: str) -> _Role:
        return _Role(len(PurePosixPath(posixpath.normpath(composed(self.folder))).parts), RANKS.index(what))

    def those(self, what: str, roles: Mapping[str, _Role]) -> dict[str, tuple[str, ...]]:
        """The files that are photos, or masks, of this folder."""
        role = self.role(what)
        left = {
            stem: tuple(name for name in names if roles[name] == role) for stem, names in self.stems.items()
        }
        return {stem: names for stem, names in left.items() if names}


def _roles(photos: Iterable[_Listed], masks: Iterable[_Listed]) -> dict[str, _Role]:
    """What each file is. Where folders lie in one another, the inner one says so; in one folder for both, the suffix.

    photos: ".", masks: mask → mask/a.png is a mask and no photo "mask/a". photos: image, masks: "." → the reverse.
    """
    roles: dict[str, _Role] = {}
    for what, folders in (("photo", photos), ("mask", masks)):
        for listed in folders:
            role, other = listed.role(what), listed.role("other")
            claims = [(name, role) for names in listed.stems.values() for name in names]
            for name, claim in (*claims, *((name, other) for name in listed.others)):
                roles[name] = max(roles.get(name, claim), claim)
    return roles


def _list(source: OpenSource, folder: str, what: str, suffix: str, findings: list[Finding]) -> _Listed:
    """List a folder. Raises DataError where it is absent."""
    path = source.inside(folder, named_by=f"{source.where}: source.options")
    source.need(folder, what)
    stems: dict[str, tuple[str, ...]] = {}
    others: set[str] = set()
    for relative, file in list_paths(path, source.root, findings).items():
        stem = without_extension(relative)
        if not is_photo(relative):
            continue
        name = source.name_of(file)
        if stem.endswith(suffix) and stem.rpartition("/")[2] != suffix:
            stem = stem.removesuffix(suffix)
            stems[stem] = (*stems.get(stem, ()), name)
        else:
            others.add(name)
    return _Listed(folder, stems, others)
