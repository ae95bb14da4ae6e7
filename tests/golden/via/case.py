"""The sample set in VIA's form."""

from __future__ import annotations

from tests.golden.cases import Case, drop_via_region

CASE = Case(edit_annotation=drop_via_region, photos="photos/*.jpg", options={"class_attribute": "type"})
