"""Palette indices of one VOC mask, whatever stores them, and the class of each index.

SegmentationClass/2007_000032.png        palettised: the indices as they lie; or RGB: back through the palette
dataset/cls/2008_000002.mat              SBD: GTcls.Segmentation
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segdata.errors import ConfigError, nearest
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.formats._parts.label_file import LabelFile, indices_of_colors, numbers_of, refuse_contradictions
from segdata.formats._parts.voc_sbd import read_sbd
from segdata.label_map import LabelMap
from segdata.mask_file import read_values_and_palette
from segdata.ontology import IGNORE_INDEX, voc_palette

VOC_PALETTE = np.array(voc_palette(), np.uint8)


def read_indices(path: Path, name: str, labels: LabelFile | None) -> tuple[NDArray[Any], tuple[Finding, ...]]:
    """Indices of a mask file, whatever it stores: indices, or colours of the VOC palette or of labelmap.txt.

    Returns unsigned integers (H, W). Raises DataError for a damaged file or an unknown colour.
    """
    if path.suffix.lower() == ".mat":
        return read_sbd(path, name), ()
    stored, palette = read_values_and_palette(path, name)
    values = numbers_of(stored, palette, labels, name)
    if labels is not None and labels.colors:
        return values, ()
    if values.ndim == 3:
        official = {color: index for index, color in enumerate(voc_palette())}
        return indices_of_colors(values, official, name), ()
    if palette is not None and not np.array_equal(palette, VOC_PALETTE):
        used = np.flatnonzero(np.bincount(values.ravel(), minlength=256))
        foreign = used[np.any(palette[used] != VOC_PALETTE[used], axis=1)]
        if foreign.size:
            message = f"the palette of {foreign.size} indices is not VOC's, the first {int(foreign[0])}"
            return values, (Finding("foreign-palette", name, "", message, "indices kept"),)
    return values, ()


def map_of_indices(source: OpenSource, labels: LabelFile | None) -> LabelMap:
    """Class id of every index: by the names of the label file where there is one, by value, 255 always ignore.

    Raises ConfigError for names that no label file holds, for a class that 255 is to become, and for a number that goes to
    another class than its name.
    """
    own_names = source.label_map == LabelMap.identity(source.ontology)
    border = source.label_map.by_value.get(IGNORE_INDEX, IGNORE_INDEX)
    if border != IGNORE_INDEX:
        raise ConfigError(
            source.where,
            place=f"source.label_map.{IGNORE_INDEX}",
            found=repr(source.ontology.names[border]),
            expected="'ignore': 255 is VOC's border between objects",
            fix="Remove the entry; where 255 is a class of your own, read the folders as format masks.",
        )
    if labels is None:
        if source.label_map.by_name and not own_names:
            raise ConfigError(
                source.where,
                place="source.label_map",
                found=f"the name {next(iter(source.label_map.by_name))!r}",
                expected="palette indices, or source.options.labels: the file that names them",
            )
        return LabelMap({}, {**source.label_map.by_value, IGNORE_INDEX: IGNORE_INDEX})
    unknown = sorted(source.label_map.by_name.keys() - set(labels.names))
    if unknown and not own_names:
        expected = f"a name of {labels.name}; {nearest(unknown[0], labels.names)}"
        found = f"the name {unknown[0]!r}"
        raise ConfigError(source.where, place="source.label_map", found=found, expected=expected)
    names = enumerate(labels.names)
    by_name = {i: source.label_map.by_name[name] for i, name in names if name in source.label_map.by_name}
    by_value = {} if own_names else source.label_map.by_value
    refuse_contradictions(by_name, by_value, labels, source.ontology.names, source.where)
    return LabelMap({}, {**by_name, **by_value, IGNORE_INDEX: IGNORE_INDEX})
