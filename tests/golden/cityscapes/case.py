"""The sample set as a Cityscapes tree."""

from __future__ import annotations

from tests.golden.cases import Case, official, paint_first

CASE = Case(
    edit_annotation=paint_first("gtFine/*/*/*_labelIds.png"),
    photos="leftImg8bit/*/*/*.png",
    split=official,
    maps="names",
    photos_by_id=True,
)
