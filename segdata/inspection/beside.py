"""Folders beside those of the splits that a format reads, and that it reads nothing of.

train/image/ train/mask/   val/image/ val/mask/   read
test/image/                                       a split whose masks lack: it stays a split, and is to be mended
unlabelled/                                       photos that nobody annotated: told, and left out
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from segdata.formats._parts.photo_files import is_photo, list_paths
from segdata.formats._surveys.mask_folders import TRIED, are_masks, of_colors, of_numbers
from segdata.survey import Survey, evenly_spaced

SPLITS = frozenset(("train", "training", "val", "valid", "validation", "test", "testing"))


def is_split(folder: str) -> bool:
    """Whether a folder is called as a split is."""
    return folder.lower() in SPLITS


def is_split_of_a_year(folder: str) -> bool:
    """`is_split`, also of train2017."""
    return is_split(folder.rstrip("0123456789_-"))


def splits_unread(root: Path, survey: Survey) -> dict[str, int]:
    """Folders called as splits are, beside those whose photos a format reads: name → images, where it reads none.

    Their masks may be missing, elsewhere or in colours, their annotation file damaged. Without them, the proposal would
    split anew what is split already.
    """
    folders = [folder for folder in _unread(root, survey.photos, by_year=False) if is_split(folder.name)]
    found = {folder.relative_to(root).as_posix(): len(_images(root, folder)) for folder in folders}
    return {name: images for name, images in found.items() if images}


def photos_unread(root: Path, survey: Survey) -> dict[str, int]:
    """Folders of photos, not of masks, beside those of splits: name → images, where a format reads none of them.

    Such as nobody annotated, or of a year whose split is not given out.
    """
    found: dict[str, int] = {}
    for folder in _unread(root, survey.photos, by_year=True):
        images = [] if is_split(folder.name) else _images(root, folder)
        if images and not are_masks(root, evenly_spaced(images, TRIED), _is_mask):
            found[folder.relative_to(root).as_posix()] = len(images)
    return found


def _is_mask(values: NDArray[Any]) -> bool:
    return of_numbers(values) or of_colors(values)


def _images(root: Path, folder: Path) -> list[str]:
    """Image files below a folder, relative to the root."""
    home = folder.relative_to(root).as_posix()
    return [f"{home}/{name}" for name in list_paths(folder, root, []) if is_photo(name)]


def _unread(root: Path, photos: Sequence[str], *, by_year: bool) -> Iterator[Path]:
    """Folders beside those of splits, of which none of these photos is."""
    read: dict[str, set[str]] = {}
    """Folder with folders of splits in it → the names of all those in it of which photos are read."""
    places = {tuple(name.split("/")[:-1]) for name in photos}
    for parts in places:
        for at, part in enumerate(parts):
            if is_split_of_a_year(part) if by_year else is_split(part):
                read.setdefault("/".join(parts[:at]), set())
                break
    for above, names in read.items():
        depth = len(above.split("/")) if above else 0
        names |= {parts[depth] for parts in places if len(parts) > depth and "/".join(parts[:depth]) == above}
    for above, names in sorted(read.items()):
        if not (root / above).is_dir():  # a name that macOS takes apart
            continue
        for folder in sorted((root / above).iterdir()):
            if folder.is_dir() and folder.name[0] != "." and folder.name not in names:
                yield folder
