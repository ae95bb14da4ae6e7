"""Which folders of a tree go together as photos and masks, by the names in them.

    images/train/a.jpg   labels/train/a.png        images/train + labels/train, for the split train
    train/a.jpg          trainannot/a.png          train + trainannot
    a.jpg                a_mask.png                . + ., mask suffix _mask

Any file may be a photo; a mask is a PNG, BMP or TIFF of one channel that holds few different values, or of few colours.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from segdata.errors import DataError
from segdata.file_names import lying
from segdata.formats._parts.photo_files import without_extension
from segdata.formats._surveys.mask_colors import share_of_commonest
from segdata.formats._surveys.mask_files import values_in
from segdata.mask_file import read_lossy, read_mask_values
from segdata.pipeline import SPLITS
from segdata.survey import evenly_spaced

MASK_ENDINGS = (".png", ".bmp", ".tif", ".tiff")
# a JPEG may be called .png, and may lie in a TIFF
LOSSY_ENDINGS = (".jpg", ".jpeg", ".jpe", ".mpo", ".webp", ".png", ".tif", ".tiff")
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
LEAST_SHARE = 0.75  # of a coloured mask's pixels that are in so few colours; the rest is smoothed
MOST_FOLDERS = 8  # folders that one name occurs in, at most

IsMask = Callable[[NDArray[Any]], bool]
ReadMask = Callable[[Path, str], NDArray[Any]]


@dataclass(frozen=True, order=True)
class Pair:
    """Folders relative to the root ("." is the root itself), and the endings of the names in them."""

    photos: str
    masks: str
    photo_suffix: str
    mask_suffix: str


def find_pairs(root: Path, names: Sequence[str], is_mask: IsMask, *, lossy: bool = False) -> list[Pair]:
    """The pair of folders with the most files in common, and those of the same kind for other splits.

    is_mask  whether pixels, (H, W) or RGB (H, W, 3), are a mask's
    lossy    pairs whose masks are JPEGs; by folders or endings that are called as masks, since photos are JPEGs, too
    """
    counts: Counter[Pair] = Counter()
    examples: dict[Pair, list[tuple[str, str]]] = {}
    for one, photo, mask in _candidates(names, LOSSY_ENDINGS if lossy else MASK_ENDINGS):
        if lossy and not is_named(one):
            continue
        counts[one] += 1
        examples.setdefault(one, []).append((photo, mask))
    read: ReadMask = read_lossy if lossy else read_mask_values
    believed = [pair for pair in sorted(counts, key=lambda pair: _merit(pair, counts)) if _fits(pair, counts)]
    for best in believed:
        if not _go_together(root, examples[best], is_mask, read):
            continue
        split, template = template_of(best)
        if split is None:
            return [best]
        alike = {
            template_of(pair)[0]: pair
            for pair in reversed(believed)
            if template_of(pair)[1] == template and _go_together(root, examples[pair], is_mask, read)
        }
        return [alike[name] for name in SPLITS if name in alike]
    return []


def _candidates(names: Sequence[str], endings: tuple[str, ...]) -> list[tuple[Pair, str, str]]:
    """Every photo and mask that could belong together, after their pair of folders."""
    photos: dict[str, list[tuple[str, str, str]]] = {}
    for name in names:
        folder, stem = posixpath.split(without_extension(name))
        for suffix in PHOTO_SUFFIXES:
            if stem.endswith(suffix) and stem != suffix:
                photos.setdefault(stem.removesuffix(suffix), []).append((folder or ".", suffix, name))
    found: list[tuple[Pair, str, str]] = []
    for name in names:
        if not name.lower().endswith(endings):
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


def _go_together(root: Path, examples: Sequence[tuple[str, str]], is_mask: IsMask, read: ReadMask) -> bool:
    """Whether the masks look like masks, and the photos do not."""
    photos, masks = zip(*(examples[index] for index in _some(len(examples))), strict=True)
    doubtful = [name for name in photos if name.lower().endswith(MASK_ENDINGS)]
    return are_masks(root, masks, is_mask, read) and not are_masks(root, doubtful, is_mask)


def _some(count: int) -> list[int]:
    return [int(index) for index in evenly_spaced([str(index) for index in range(count)], TRIED)]


def are_masks(root: Path, names: Sequence[str], is_mask: IsMask, read: ReadMask = read_mask_values) -> bool:
    """Whether these look like masks; a file that cannot be read says nothing."""
    told = []
    for name in names:
        try:
            told.append(is_mask(read(lying(root, name), name)))
        except DataError:
            continue
    return all(told) and bool(told)


def of_numbers(values: NDArray[Any]) -> bool:
    """One channel of few values."""
    return values.ndim == 2 and len(values_in(values)) <= MOST_VALUES


def of_colors(values: NDArray[Any]) -> bool:
    """Three channels, nearly all of it in few colours: the rest may come of smoothing, which is for others to tell."""
    return values.ndim == 3 and share_of_commonest(values, MOST_VALUES) >= LEAST_SHARE


def options_of(root: Path, pairs: Sequence[Pair]) -> dict[str, object]:
    """The reader's options for these folders, without those that are its defaults."""
    first = pairs[0]
    options: dict[str, object] = {}
    split, outline = template_of(first)
    below = [folder.removeprefix("{}/") for folder in outline[:2]]
    there = [name for name in SPLITS if (root / name).is_dir()]
    plain = [pair.photos for pair in pairs] == [f"{name}/{below[0]}" for name in there]
    if split is None:
        folders: tuple[object, object] = first.photos, first.masks
    elif plain and all(folder.startswith("{}/") for folder in outline[:2]):
        folders = below[0], below[1]
        options["split_folders"] = True
    else:
        splits = [(template_of(pair)[0], pair) for pair in pairs]
        folders = {name: pair.photos for name, pair in splits}, {name: pair.masks for name, pair in splits}
    defaults = {"photos": "image", "masks": "mask", "photo_suffix": "", "mask_suffix": ""}
    chosen = {"photos": folders[0], "masks": folders[1]}
    chosen |= {"photo_suffix": first.photo_suffix, "mask_suffix": first.mask_suffix}
    return {**{key: value for key, value in chosen.items() if value != defaults[key]}, **options}


def shown(pairs: Sequence[Pair]) -> str:
    """The folders, for people."""
    folders = " · ".join(f"{pair.photos} + {pair.masks}" for pair in pairs[:3]) + (" …" if pairs[3:] else "")
    return f"{folders} (photos and masks of the same names)"


def beside(pairs: Sequence[Pair], names: Sequence[str]) -> list[str]:
    """Where files of these names about the masks may lie, relative to the root."""
    return [posixpath.normpath(f"{place}/{name}") for place in folders_beside(pairs) for name in names]


def folders_beside(pairs: Sequence[Pair]) -> list[str]:
    """Where files about the masks may lie: in the root, above the masks, or among them."""
    home = posixpath.commonpath([pair.masks for pair in pairs]) or "."
    return list(dict.fromkeys([".", posixpath.dirname(home) or ".", home]))
