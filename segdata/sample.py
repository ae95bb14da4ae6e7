"""The one type that crosses the middle: readers make Samples, shards keep Samples, training consumes Samples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.wording import size_text

Image = NDArray[np.uint8]
"""uint8 (H, W, 3), RGB, upright."""
Mask = NDArray[np.uint8]
"""uint8 (H, W), class ids of the pipeline's ontology; 255 = ignore."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One annotated photo.

    id           unique within the source; a relative name without drive, root or '..'
    image        uint8 (H, W, 3) RGB
    mask         uint8 (H, W) class ids, 255 = ignore
    original_hw  height and width of the upright photo before any resize, pixels
    findings     what was doubtful while reading it
    photo        the file that the image was decoded from; None where there is none
    orientation  its EXIF orientation, 1 to 8, which was undone

    Raises DataError when photo and mask differ in size, AssertionError when a reader broke dtype or layout.
    """

    id: str
    image: Image
    mask: Mask
    original_hw: tuple[int, int]
    findings: tuple[Finding, ...] = ()
    photo: Path | None = None
    orientation: int = 1

    def __post_init__(self) -> None:
        assert self.image.dtype == np.uint8 and self.image.ndim == 3 and self.image.shape[2] == 3, (
            self.id,
            self.image.dtype,
            self.image.shape,
        )
        assert self.mask.dtype == np.uint8 and self.mask.ndim == 2, (
            self.id,
            self.mask.dtype,
            self.mask.shape,
        )
        if self.image.shape[:2] != self.mask.shape:
            raise DataError(
                self.id,
                found=f"a mask of {size_text(self.mask.shape[:2])}",
                expected=f"the photo's size, {size_text(self.image.shape[:2])}",
                fix="Export photo and mask at the same size.",
            )
