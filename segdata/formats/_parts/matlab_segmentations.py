"""Plain `.mat` files with a label matrix: CrackForest, SBD, Berkeley, and whatever `save` wrote.

groundTruth.Segmentation  uint8 (H, W)                           CrackForest: one struct
GTcls.Segmentation        uint8 (H, W), 0 background             SBD; its Boundaries are sparse matrices
groundTruth{1…5}.Segmentation  uint16 (H, W)                     Berkeley: one struct per annotator, in a cell
mask                      any whole numbers (H, W)               a variable that is a matrix
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segdata.errors import DataError
from segdata.formats._parts.matlab_variables import choose, load_variables, translated


def read_segmentation(path: Path, name: str, variable: str | None, annotator: int | None) -> NDArray[Any]:
    """The label matrix of a plain .mat file (v4, v5, v7, v7.3).

    path       the file; `name` stands for it in messages
    variable   which variable, where there are several
    annotator  which of several people's segmentations, from 1
    Returns uint8 or uint16 (H, W). Raises DataError for several candidates, or numbers that are no labels.
    """
    fix = "Save one struct with the field Segmentation: save('001.mat', 'groundTruth')."
    with translated(name, fix):
        variables = load_variables(path, name)
        found = {key: matrices for key, value in variables.items() if (matrices := label_matrices(value))}
        matrices = found[choose(found, variables, name, variable, "a label matrix", fix)]
        values = matrices[_index(len(matrices), annotator, name)]
    whole = values.ndim == 2 and values.dtype.kind in "buif" and bool(np.all(values == np.floor(values)))
    if not whole or values.min(initial=0) < 0 or values.max(initial=0) > 65535:
        raise DataError(
            name,
            found=f"a {values.dtype} array of shape {values.shape} that holds no label numbers",
            expected="a matrix of whole numbers of 0 to 65535",
            fix=fix,
        )
    return values.astype(np.uint8 if values.max(initial=0) <= 255 else np.uint16)


def label_matrices(value: Any) -> list[NDArray[Any]]:
    """What a variable holds that may be labels: a matrix, or one per struct of a cell or struct array."""
    if not isinstance(value, np.ndarray):
        return []
    if "Segmentation" in (value.dtype.names or ()):
        return [np.asarray(one) for one in value["Segmentation"].ravel()]
    if value.dtype == object:
        inside = [label_matrices(one) for one in value.ravel() if getattr(one, "dtype", None) is not None]
        structs = [one for one in value.ravel() if "Segmentation" in _fields(one)]
        return [matrix for one in inside for matrix in one] if len(structs) == value.size else []
    return [value] if value.dtype.kind in "buif" and min(value.shape) > 1 else []


def _fields(value: Any) -> tuple[str, ...]:
    return getattr(getattr(value, "dtype", None), "names", None) or ()


def _index(count: int, annotator: int | None, name: str) -> int:
    if annotator is None and count > 1:
        raise DataError(
            name,
            found=f"{count} segmentations, by as many annotators",
            expected="one",
            fix=f"Set source.options.annotator to a number of 1 to {count}.",
        )
    if annotator is not None and annotator > count:
        raise DataError(
            name,
            found=f"{count} segmentations",
            expected=f"one by annotator {annotator}, as source.options.annotator says",
        )
    return (annotator or 1) - 1
