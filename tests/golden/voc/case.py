"""The sample set as a VOC tree, with lists."""

from __future__ import annotations

from segdata.sample_data import CLASSES
from tests.golden.cases import Case, official, paint_first

CASE = Case(
    edit_annotation=paint_first("SegmentationClass/*.png"),
    photos="JPEGImages/*.jpg",
    split=official,
    classes=("background", *CLASSES),
    maps="values",
    photos_by_id=True,
)
