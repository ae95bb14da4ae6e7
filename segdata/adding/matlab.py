"""MATLAB Image Labeler: label PNGs paired by name can be added; a groundTruth object is MATLAB's to write."""

from __future__ import annotations

from segdata.adding.paired import PairedStore
from segdata.errors import DataError
from segdata.formats.matlab import Options


class Store(PairedStore):
    """A source with `ground_truth: null`, or with plain .mat segmentations. Raises DataError for any other."""

    mask_endings = (".png", ".mat")

    def _open(self) -> None:
        options = self._source.decode_options(Options)
        if options.segmentations is None and options.ground_truth is not None:
            raise DataError(
                options.ground_truth,
                found="a groundTruth object, which MATLAB alone can write",
                expected="a source of photos and label PNGs of the same names (source.options.ground_truth: null)",
                fix="Add the photos in Image Labeler and export the labels to the workspace and this file again, "
                "with PixelLabelData beside it; then dvc repro.",
            )
        self.photo_folder = options.photos
        self.mask_folder = options.segmentations or options.labels
