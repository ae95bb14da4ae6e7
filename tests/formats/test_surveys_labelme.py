"""What a survey of a folder of LabelMe files sees, and what it proposes."""

from __future__ import annotations

from pathlib import Path

from segdata.formats import survey_folder
from tests.formats.labelme_cases import SQUARE, labelme_reader, road, write_labelme
from tests.formats.listed_cases import labelme_file, labelme_shape
from tests.formats.via_cases import write_json, write_photo


def test_survey(tmp_path: Path) -> None:
    write_photo(tmp_path / "images/a.png")
    write_photo(tmp_path / "images/b.png")
    shapes = [
        road(*SQUARE),
        labelme_shape("nose", (1, 1), shape_type="point"),
        road((1, 1), (4, 3), shape_type="rectangle"),
    ]
    write_json(tmp_path / "json/a.json", labelme_file("..\\images\\a.png", *shapes))
    survey = survey_folder("labelme", tmp_path)
    assert survey is not None
    assert survey.options == {"annotations": "json", "photos": "images"}
    assert (survey.photos, survey.annotated) == (("images/a.png", "images/b.png"), 1)
    assert survey.shapes == {"point": 1, "polygon": 1, "rectangle": 1}
    assert survey.labels == {"road": 2}
    assert labelme_reader(tmp_path, dict(survey.options)).ids() == ("a",)
    assert survey_folder("labelme", tmp_path / "images") is None


def test_survey_of_files_side_by_side(tmp_path: Path) -> None:
    write_labelme(tmp_path / "photos", road(*SQUARE))
    survey = survey_folder("labelme", tmp_path)
    assert survey is not None
    assert survey.options == {"annotations": "photos", "photos": "photos"}
    assert survey.photos == ("photos/a.png",)
