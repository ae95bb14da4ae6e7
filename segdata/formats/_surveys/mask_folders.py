"""Which folders of a tree go together as photos and masks, by the names in them.

    images/train/a.jpg   labels/train/a.png        images/train + labels/train, for the split train
    train/a.jpg          trainannot/a.png          train + trainannot
    a.jpg                a_mask.png                . + ., mask suffix _mask

Any file may be a photo; a mask is a PNG, BMP or TIFF of one channel that holds few different values.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segdata.errors import DataError
from segdata.formats._parts.photo_files import lying, without_extension
from segdata.formats._surveys.mask_files import values_in
from segdata.mask_file import read_mask_values
from segdata.pipeline import SPLITS
from segdata.survey import evenly_spaced

MASK_ENDINGS = (".png", ".bmp", ".tif", ".tiff")
PHOTO_SUFFIXES = ("", "_sat", "_image", "_img", "_photo", "_rgb")
MASK_SUFFIXES = (
    "", "_mask", "_masks", "-mask", "_label", "_labels", "_L", "_lab", "_seg", "_segmentation", "_gt", "_GT", "_ann",
    "_annotation", "_P", "_target", "_truth",
)  # fmt: skip
MASK_WORDS = re.compile(r"mask|label|annot|(^|[^a-z])(ann|gt|seg|target|truth|y)|ground|segmentation", re.I)
FINE_WORDS = re.compile(
    r"instance|object|color|colour|vis|overlay", re.I
)  # folders of other things than classes
SPLIT_WORDS = {"training": "train", "train": "train", "validation": "val", "valid": "val", "val": "val"} | {
    "testing": "test",
    "test": "test",
}
SPLIT = re.compile(rf"^({'|'.join(SPLIT_WORDS)})($|[^a-z]|annot|mask|label|image)", re.I)
MOST_VALUES = 64  # different values of a mask; a grey photo has more
TRIED = 3  # masks of a pair that are looked at before the pair is believed
MOST_FOLDERS = 8  # folders that one name occurs in, at most


@dataclass(frozen=True, order=True)
class Pair:
    """Folders relative to the root ("." is the root itself), and the endings of the names in them."""

    photos: str
    masks: str
    photo_suffix: str
    mask_suffix: str


def find_pairs(root: Path, names: Sequence[str]) -> list[Pair]:
    """The pair of folders with the most files in common, and those of the same kind for other splits."""
    counts: Counter[Pair] = Counter()
    examples: dict[Pair, list[tuple[str, str]]] = {}
    for one, photo, mask in _candidates(names):
        counts[one] += 1
        examples.setdefault(one, []).append((photo, mask))
    believed = [pair for pair in sorted(counts, key=lambda pair: _merit(pair, counts)) if _fits(pair, counts)]
    for best in believed:
        if not _go_together(root, examples[best]):
            continue
        split, template = template_of(best)
        if split is None:
            return [best]
        alike = {
            template_of(pair)[0]: pair
            for pair in reversed(believed)
            if template_of(pair)[1] == template and _go_together(root, examples[pair])
        }
        return [alike[name] for name in SPLITS if name in alike]
    return []


def _candidates(names: Sequence[str]) -> list[tuple[Pair, str, str]]:
    """Every photo and mask that could belong together, after their pair of folders."""
    photos: dict[str, list[tuple[str, str, str]]] = {}
    for name in names:
        folder, stem = posixpath.split(without_extension(name))
        for suffix in PHOTO_SUFFIXES:
            if stem.endswith(suffix) and stem != suffix:
                photos.setdefault(stem.removesuffix(suffix), []).append((folder or ".", suffix, name))
    found: list[tuple[Pair, str, str]] = []
    for name in names:
        if not name.lower().endswith(MASK_ENDINGS):
            continue
        folder, stem = posixpath.split(without_extension(name))
        for suffix in MASK_SUFFIXES:
            if not stem.endswith(suffix) or stem == suffix:
                continue
            for photo_folder, photo_suffix, photo in photos.get(stem.removesuffix(suffix), [])[:MOST_FOLDERS]:
                if photo != name and (photo_folder != (folder or ".") or suffix):
                    found.append((_base(photo_folder, folder or ".", photo_suffix, suffix), photo, name))
    return found


def _base(photos: str, masks: str, photo_suffix: str, mask_suffix: str) -> Pair:
    """Without subfolders that both have below: photos/roll 1 and masks/roll 1 are photos and masks.

    >>> _base("img/train/a", "ann/train/a", "", "")
    Pair(photos='img/train', masks='ann/train', photo_suffix='', mask_suffix='')
    """
    if photos != masks:
        while "/" in photos and "/" in masks:
            (photo_head, photo_tail), (mask_head, mask_tail) = posixpath.split(photos), posixpath.split(masks)
            if photo_tail != mask_tail or SPLIT.match(photo_tail):
                break
            photos, masks = photo_head, mask_head
    return Pair(photos, masks, photo_suffix, mask_suffix)


def _merit(pair: Pair, counts: Mapping[Pair, int]) -> tuple[bool, bool, int, bool, Pair]:
    """Least first: folders named as masks, not of instances or colours, with many files, in two folders."""
    fine = bool(FINE_WORDS.search(pair.masks))
    return fine, not is_named(pair), -counts[pair], bool(pair.photo_suffix), pair


def is_named(pair: Pair) -> bool:
    """Whether the names say which of the two are masks."""
    words = pair.masks + pair.mask_suffix
    return bool(MASK_WORDS.search(words)) and not MASK_WORDS.search(pair.photos + pair.photo_suffix)


def _fits(pair: Pair, counts: Mapping[Pair, int]) -> bool:
    """Whether it is not the same pair the other way round, which the names contradict."""
    other = Pair(pair.masks, pair.photos, pair.mask_suffix, pair.photo_suffix)
    return is_named(pair) or not (other in counts and is_named(other))


def template_of(pair: Pair) -> tuple[str | None, tuple[str, str, str, str]]:
    """The split that both folders are named after, and the pair with the split's word taken out.

    >>> template_of(Pair("train", "trainannot", "", ""))
    ('train', ('{}', '{}annot', '', ''))
    """
    splits: set[str] = set()
    outlines = []
    for folder in (pair.photos, pair.masks):
        parts = []
        for part in folder.split("/"):
            match = SPLIT.match(part)
            if match:
                splits.add(SPLIT_WORDS[match[1].lower()])
                part = "{}" + part[len(match[1]) :]
            parts.append(part)
        outlines.append("/".join(parts))
    if len(splits) != 1 or not all("{}" in outline for outline in outlines):
        return None, (pair.photos, pair.masks, pair.photo_suffix, pair.mask_suffix)
    return splits.pop(), (outlines[0], outlines[1], pair.photo_suffix, pair.mask_suffix)


def _go_together(root: Path, examples: Sequence[tuple[str, str]]) -> bool:
    """Whether the masks look like masks, and the photos do not."""
    photos, masks = zip(*(examples[index] for index in _some(len(examples))), strict=True)
    doubtful = [name for name in photos if name.lower().endswith(MASK_ENDINGS)]
    return _are_masks(root, masks) and not _are_masks(root, doubtful)


def _some(count: int) -> list[int]:
    return [int(index) for index in evenly_spaced([str(index) for index in range(count)], TRIED)]


def _are_masks(root: Path, names: Sequence[str]) -> bool:
    """Whether these look like masks: one channel of few values; a file that cannot be read says nothing."""
    told = []
    for name in names:
        try:
            values = read_mask_values(lying(root, name), name)
        except DataError:
            continue
        told.append(values.ndim == 2 and len(values_in(values)) <= MOST_VALUES)
    return all(told) and bool(told)
