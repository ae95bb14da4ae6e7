"""What a VOC tree holds: masks, lists, names, and which indices occur."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.label_file import LabelFile
from segdata.formats._parts.photo_files import is_photo, list_files, without_extension
from segdata.formats._parts.voc_masks import read_indices
from segdata.formats._surveys.mask_files import (
    Looked,
    Paired,
    classes_of,
    find_label_file,
    look,
    read_pairs,
    values_in,
)
from segdata.mask_file import read_mask_values, read_palette
from segdata.ontology import IGNORE_INDEX, VOC_CLASSES, voc_palette
from segdata.survey import Survey
from segdata.wording import counted

MASK_FOLDERS = ("SegmentationClass", "SegmentationClassPNG", "SegmentationClassAug")
PHOTOS = "JPEGImages"
LISTS = "ImageSets/Segmentation"
LABEL_FILES = ("labelmap.txt", "class_names.txt", "labels.txt")
SBD = {"photos": "img", "masks": "cls", "lists": "."}  # the folder dataset/ of SBD itself


def survey(root: Path) -> Survey | None:
    """A VOC tree, or SBD's dataset folder; None where there is no SegmentationClass with masks.

    Raises DataError for photos and Annotations/*.xml without any mask: boxes, or outlines, are none.
    """
    findings: list[Finding] = []
    options = _folders(root)
    if options is None:
        return None
    labels = find_label_file(root, LABEL_FILES, findings)
    if labels is not None:
        options["labels"] = labels.name
    choices = _trainaug(root, options)
    photos = str(options.get("photos", PHOTOS))
    paired = read_pairs("voc", root, options, photos)
    speaks = _Palette(labels)
    looked = look(root, paired.masks, speaks.labels_of)
    return _survey(options, choices, labels, paired, looked, speaks.is_official, tuple(findings))


class _Palette:
    """Labels of masks as they are read; whether they go by VOC's palette, or its names, shows in the end."""

    def __init__(self, labels: LabelFile | None) -> None:
        self._labels = labels
        self._speaks_voc = False
        self._foreign = False

    @property
    def is_official(self) -> bool:
        """Whether some mask carries VOC's palette, or its colours, and none another one."""
        return self._speaks_voc and not self._foreign

    def labels_of(self, path: Path, name: str) -> Sequence[str | int]:
        indices, found = read_indices(path, name, self._labels)
        self._foreign |= bool(found)
        if not (self._speaks_voc or self._foreign or self._labels):
            self._speaks_voc = _speaks_voc(path, name)
        names = self._labels.names if self._labels else ()
        values = [value for value in values_in(indices) if value != IGNORE_INDEX]
        return [names[value] if value < len(names) else value for value in values]


def _speaks_voc(path: Path, name: str) -> bool:
    if path.suffix.lower() == ".mat":
        return True
    palette = read_palette(path, name)
    if palette is not None:
        return bool(np.array_equal(palette[1:4], np.array(voc_palette()[1:4], np.uint8)))
    return read_mask_values(path, name).ndim == 3


def _folders(root: Path) -> dict[str, object] | None:
    """The options that say where photos and masks lie; None where no folder of masks does.

    Raises DataError where there are boxes in their place.
    """
    for folder in MASK_FOLDERS:
        if not (root / folder).is_dir():
            continue
        names = [
            name for name in list_files(root / folder, root, []) if name.lower().endswith((".png", ".mat"))
        ]
        if not names:
            continue
        options: dict[str, object] = {} if folder == MASK_FOLDERS[0] else {"masks": folder}
        if not (root / PHOTOS).is_dir():
            photos = _photo_folder(root, {without_extension(name) for name in names})
            if photos is None:
                return None
            options["photos"] = photos
        return options
    if (root / "img").is_dir() and any((root / "cls").glob("*.mat")):
        return dict(SBD)
    if (root / PHOTOS).is_dir() and any((root / "Annotations").glob("*.xml")):
        raise DataError(
            str(root),
            found="Annotations/*.xml (boxes or outlines) and no mask",
            expected=f"masks in {MASK_FOLDERS[0]}",
            fix="Boxes are no masks, and outlines in XML are none either: export segmentation masks.",
        )
    return None


def _photo_folder(root: Path, stems: set[str]) -> str | None:
    """The direct subfolder, or the folder itself, with the most photos of these names; None without one."""
    counts: dict[str, int] = {}
    folders = [path for path in sorted(root.iterdir()) if path.is_dir() and path.name[0] != "."]
    for folder in (root, *folders):
        if folder.name.startswith("Segmentation"):
            continue
        name = folder.relative_to(root).as_posix()
        files = (path.name for path in folder.iterdir()) if folder == root else list_files(folder, root, [])
        counts[name] = sum(is_photo(file) and without_extension(file) in stems for file in files)
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else None


def _trainaug(root: Path, options: dict[str, object]) -> dict[str, Sequence[object]]:
    """What else could be trained on; where trainaug.txt is the only list of train, it is proposed."""
    lists = root / str(options.get("lists", LISTS))
    more = [
        folder
        for folder in (
            "SegmentationClassAug",
            "SBD/dataset/cls",
            "dataset/cls",
            "benchmark_RELEASE/dataset/cls",
        )
        if (root / folder).is_dir() and options.get("masks") != folder
    ]
    choices: dict[str, Sequence[object]] = {"more_masks": more} if more else {}
    if (lists / "trainaug.txt").is_file():
        splits = (
            {"train": "trainaug", "val": "val"} if (lists / "val.txt").is_file() else {"train": "trainaug"}
        )
        if (lists / "train.txt").is_file():
            return {**choices, "splits": [splits]}
        options["splits"] = splits
        if more:
            options["more_masks"] = more[0]
    return choices


def _survey(
    options: dict[str, object],
    choices: dict[str, Sequence[object]],
    labels: LabelFile | None,
    paired: Paired,
    looked: Looked,
    is_official: bool,
    findings: tuple[Finding, ...],
) -> Survey:
    masks = str(options.get("masks", MASK_FOLDERS[0]))
    counts = looked.labels
    voc = is_official and all(isinstance(index, int) and index < len(VOC_CLASSES) for index in counts)
    if voc:
        counts = {VOC_CLASSES[int(index)]: count for index, count in counts.items()}
    listed = ", ".join(f"{split} {count:,}" for split, count in paired.splits.items())
    lists = f", lists {listed}" if listed else ", no lists"
    named = f", named by {labels.name}" if labels else ", palette of VOC" if is_official else ""
    photos = options.get("photos", PHOTOS)
    sure = bool(listed) or labels is not None or is_official
    return Survey(
        format="voc",
        certainty="certain" if sure else "likely",
        evidence=f"{photos} + {masks} (PASCAL VOC): {counted(len(paired.masks), 'mask')}{lists}{named}",
        photos=paired.photos,
        annotated=len(paired.masks),
        labels=counts,
        looked_at=looked.masks,
        splits=paired.splits,
        bare=paired.bare,
        ontology="voc-21" if voc else classes_of(labels, voc_palette()) if labels else None,
        label_map=_label_map(labels),
        options=options,
        choices=choices,
        findings=(*findings, *paired.findings, *looked.findings),
    )


def _label_map(labels: LabelFile | None) -> dict[str | int, str] | None:
    """Only a label called ignore needs an entry: all others are classes of their own names."""
    if labels is None or "ignore" not in labels.names:
        return None
    return {name: name for name in labels.names}
