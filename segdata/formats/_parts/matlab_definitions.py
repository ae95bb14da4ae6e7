"""The rows of LabelDefinitions: what a label is called, which numbers it owns in masks, and its colour.

Name sky · Type PixelLabel · PixelLabelID 1 · LabelColor [0.27 0.51 0.71]
Name Tree · Type PixelLabel · PixelLabelID [7; 9]                         two numbers of one label
Name road · Type PixelLabel · PixelLabelID [128 64 1; 128 64 2]           RGB, where masks are coloured
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from segdata.errors import DataError

Color = tuple[int, int, int]


class Definition(msgspec.Struct, frozen=True):
    """One row of LabelDefinitions that paints pixels: grey values, or 0xRRGGBB where masks are coloured.

    values   none for a label of shapes
    color    as Image Labeler shows it
    """

    name: str
    values: tuple[int, ...]
    color: tuple[int, int, int] | None = None


def color_of(cell: Any) -> Color | None:
    """Red, green and blue of 0 to 1, as 0 to 255; None where there are none."""
    numbers = np.asarray(cell, np.float64).ravel() if isinstance(cell, np.ndarray) else np.zeros(0)
    if len(numbers) != 3 or not np.all((numbers >= 0) & (numbers <= 1)):
        return None
    red, green, blue = (int(number) for number in np.rint(numbers * 255))
    return red, green, blue


def values_of(cell: NDArray[np.float64], coloured: bool, label: str, name: str) -> tuple[int, ...]:
    width = 3 if coloured else 1
    numbers = cell.reshape(-1, width)
    if not numbers.size or not np.all((numbers >= 0) & (numbers <= 255) & (numbers == np.floor(numbers))):
        raise DataError(
            name,
            place=f"LabelDefinitions: {label!r}",
            found=f"PixelLabelID {cell.tolist()}",
            expected="whole numbers of 0 to 255",
        )
    return tuple(int(number) for number in numbers.astype(np.int64) @ (256 ** np.arange(width)[::-1]))


def refuse_shared_values(painted: tuple[Definition, ...], name: str) -> None:
    owner: dict[int, str] = {}
    for label in painted:
        for value in label.values:
            if value in owner:
                raise DataError(
                    name,
                    place=f"LabelDefinitions: {label.name!r}",
                    found=f"PixelLabelID {value}, which {owner[value]!r} has too",
                    expected="an id of its own for each label",
                )
            owner[value] = label.name
