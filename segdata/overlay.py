"""Class colours over a photo, and where two masks differ: people judge segmentation by eye.

painted = overlay(photo, mask, ontology.color_table())    # uint8 (H, W, 3); pixels of 255 hatched
wrong = difference(photo, truth, prediction)              # grey where right, red where wrong, hatched where not scored
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from segdata.errors import DataError
from segdata.ontology import IGNORE_INDEX
from segdata.sample import Image, Mask
from segdata.wording import size_text

OPACITY = 0.55
WRONG = (226, 26, 60)


def read_prediction(path: Path, size_hw: tuple[int, int], num_classes: int) -> Mask:
    """A predicted mask from a palettised or grey PNG. Raises DataError for another size or a stray value."""
    again = "Evaluate again: the prediction does not belong to these shards."
    if not path.is_file():
        raise DataError(
            str(path), found="no such file", expected="the predicted mask of a shown photo", fix=again
        )
    try:
        with PillowImage.open(path, formats=["PNG"]) as file:
            # The size stands in the header: no pixel is decoded of a picture that is not ours.
            if (file.height, file.width) != size_hw or file.mode not in ("P", "L"):
                raise DataError(
                    str(path),
                    found=f"{size_text((file.height, file.width))} of mode {file.mode}",
                    expected=f"{size_text(size_hw)}, palettised, as in the shards",
                    fix=again,
                )
            mask = np.asarray(file, np.uint8)
    except (OSError, SyntaxError, ValueError, PillowImage.DecompressionBombError) as error:
        raise DataError(str(path), found=str(error), expected="a PNG file", fix=again) from error
    stray = mask[(mask >= num_classes) & (mask != IGNORE_INDEX)]
    if stray.size:
        raise DataError(
            str(path), found=f"value {int(stray[0])}", expected=f"a class id below {num_classes}", fix=again
        )
    return mask


def overlay(photo: Image, mask: Mask, colors: NDArray[np.uint8]) -> Image:
    """Class colours over the photo, solid along their borders; pixels of 255 hatched."""
    solid = colors[mask].astype(np.float32)
    weight = np.where(borders(mask), 1.0, OPACITY)[..., None]
    painted = photo * (1 - weight) + solid * weight
    return hatched(painted, photo, mask == IGNORE_INDEX)


def difference(photo: Image, truth: Mask, prediction: Mask) -> Image:
    """The photo in pale grey, wrong pixels in red, pixels whose truth is 255 (not scored) hatched."""
    grey = photo @ np.array([0.299, 0.587, 0.114])
    painted = np.repeat((grey * 0.55 + 100)[..., None], 3, axis=2)
    wrong = (truth != prediction) & (truth != IGNORE_INDEX)
    painted[wrong] = painted[wrong] * 0.25 + np.array(WRONG) * 0.75
    return hatched(painted, photo, truth == IGNORE_INDEX)


def hatched(painted: NDArray[np.number], photo: Image, where: NDArray[np.bool_]) -> Image:
    """Diagonal stripes of 4 pixels, so that "not labelled" never looks like a class."""
    rows, columns = np.indices(where.shape)
    stripe = ((rows + columns) // 4 % 2 == 0)[..., None]
    hatch = photo * 0.45 + np.where(stripe, 140.0, 40.0)
    mixed = np.where(where[..., None], hatch, painted)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def borders(mask: Mask) -> NDArray[np.bool_]:
    """Pixels whose neighbour to the right or below is of another class, bool (H, W)."""
    found = np.zeros(mask.shape, np.bool_)
    found[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    found[:-1] |= mask[:-1] != mask[1:]
    return found
