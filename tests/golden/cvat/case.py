"""The scenes as CVAT for images."""

from __future__ import annotations

from functools import partial

from tests.formats.listed_cases import drop_first_region, write_scenes
from tests.golden.cases import Case

CASE = Case(
    edit_annotation=drop_first_region,
    photos="images/*.jpg",
    write=partial(write_scenes, "cvat"),
)
