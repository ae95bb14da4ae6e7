"""Annotation files and folders whose names macOS takes apart are found by their composed names."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from segdata.inspection import inspect_folder, propose
from tests.formats.test_surveys_masks import photo
from tests.formats.via_cases import box, entry, export

PHOTO = "Grün.jpg"
VIA = json.dumps(export(entry(PHOTO, box(0, 0, 9, 9, type="road"))))
COCO = json.dumps(
    {
        "images": [{"id": 1, "file_name": PHOTO, "width": 16, "height": 16}],
        "categories": [{"id": 1, "name": "road"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[0, 0, 9, 0, 9, 9]]}],
    }
)
CVAT = (
    f'<annotations><version>1.1</version><image id="0" name="{PHOTO}" width="16" height="16">'
    '<polygon label="road" points="0,0;9,0;9,9" z_order="0"/></image></annotations>'
)
LABELME = json.dumps(
    {
        "shapes": [{"label": "road", "points": [[0, 0], [9, 0], [9, 9]], "shape_type": "polygon"}],
        "imagePath": PHOTO,
    }
)


@pytest.mark.parametrize("folder", ["photos", "Fotos grün"])
@pytest.mark.parametrize(
    ("format", "file", "text"),
    [("via", "Müller.json", VIA), ("coco", "Müller.json", COCO), ("cvat", "Müller.xml", CVAT), ("labelme", "Grün.json", LABELME)],
)  # fmt: skip
def test_annotation_files_with_accents_apart(
    tmp_path: Path, format: str, file: str, text: str, folder: str
) -> None:
    home = tmp_path / unicodedata.normalize("NFD", folder)
    photo(home / unicodedata.normalize("NFD", PHOTO))
    (home / unicodedata.normalize("NFD", file)).write_text(text, encoding="utf-8")
    found = inspect_folder(tmp_path, format)
    assert found.failed == {} and found.survey is not None
    assert (found.survey.photos, found.survey.annotated) == ((f"{folder}/{PHOTO}",), 1)
    proposal = propose(found, "mine", "data/raw/mine")
    assert (proposal.problem, sum(proposal.samples.values())) == ("", 1)
