"""From pixel label ids, as they stand in a mask, to class ids: through the names of the label definitions.

[[0, 7], [9, 200]] with Tree 7 and 9, road 200  →  [[255, 2], [2, 1]] in the ontology sky, road, tree
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segdata.errors import UnmappedLabelError
from segdata.label_map import LabelMap
from segdata.sample import Mask
from segdata.wording import counted

UNLABELLED = 0


def class_ids(
    values: NDArray[Any], names: Mapping[int, str], label_map: LabelMap, unlabelled_id: int, *, where: str
) -> Mask:
    """Pixel label ids → label names → class ids.

    values         uint8 or uint16 (H, W), or uint8 (H, W, 3) RGB
    names          label name of each pixel label id (of 0xRRGGBB for RGB); 0 is unlabelled unless it stands here
    unlabelled_id  class id of unlabelled pixels
    Returns uint8 (H, W). Raises UnmappedLabelError, with file and place, for an id that no definition has and for a
    name that the label map does not have; names that no pixel carries need no entry.
    """
    codes, numbers = np.arange(65536), values
    if values.ndim == 3:
        packed = values.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
        codes, numbers = np.unique(packed, return_inverse=True)
        numbers = numbers.reshape(packed.shape)
    counts = np.bincount(numbers.ravel())
    table = np.zeros(len(counts), np.uint8)
    for index in np.flatnonzero(counts):
        code = int(codes[index])
        if code in names:
            place = _first(numbers, index) if names[code] not in label_map.by_name else ""
            table[index] = label_map.id_of_name(names[code], where=where, place=place)
        elif code == UNLABELLED:
            table[index] = unlabelled_id
        else:
            raise UnmappedLabelError(
                where,
                place=_first(numbers, index),
                found=f"value {code} ({counted(int(counts[index]), 'pixel')})",
                expected=f"0 or a PixelLabelID of the label definitions ({', '.join(map(str, sorted(names)))})",
                fix="Export the masks and the groundTruth object together.",
            )
    mask: Mask = table[numbers]
    return mask


def _first(numbers: NDArray[Any], index: Any) -> str:
    row, column = np.unravel_index(int(np.argmax(numbers == index)), numbers.shape)
    return f"row {row}, column {column}"
