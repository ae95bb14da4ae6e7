"""Palette indices of one VOC mask, whatever stores them.

SegmentationClass/2007_000032.png        palettised: the indices as they lie; or RGB: back through the palette
dataset/cls/2008_000002.mat              SBD: GTcls.Segmentation
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segdata.findings import Finding
from segdata.formats._parts.label_file import Color, LabelFile, indices_of_colors
from segdata.formats._parts.voc_sbd import read_sbd
from segdata.ontology import IGNORE_INDEX, voc_palette
from segdata.photo import read_mask_values, read_palette


def read_indices(path: Path, name: str, labels: LabelFile | None) -> tuple[NDArray[Any], tuple[Finding, ...]]:
    """Indices of a mask file, whatever it stores: indices, or colours of the VOC palette or of labelmap.txt.

    Returns unsigned integers (H, W). Raises DataError for a damaged file or an unknown colour.
    """
    if path.suffix.lower() == ".mat":
        return read_sbd(path, name), ()
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
