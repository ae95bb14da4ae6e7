"""The sample set as MATLAB Image Labeler saves it."""

from __future__ import annotations

from tests.golden.cases import Case, paint_first

CASE = Case(edit_annotation=paint_first("PixelLabelData/*.png"), photos="images/*.jpg")
