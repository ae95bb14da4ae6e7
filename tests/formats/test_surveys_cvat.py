"""What a survey of a folder that CVAT exported sees, and what it proposes."""

from __future__ import annotations

from pathlib import Path

from segdata.formats import survey_folder
from tests.formats.cvat_cases import box, cvat_reader, mask, polygon, write_xml
from tests.formats.listed_cases import cvat_image, cvat_shape
from tests.formats.via_cases import write_photo


def test_survey(tmp_path: Path) -> None:
    for name in ("Train/a.png", "Validation/b.png", "Train/c.png"):
        write_photo(tmp_path / "export/images" / name)
    write_xml(
        tmp_path / "export",
        cvat_image("a.png", polygon(), mask(), cvat_shape("tag", "good"), subset="Train"),
        cvat_image("b.png", box(1, 1, 2, 2, "car"), subset="Validation"),
        labels={"road": "#804080", "car": "#00008e"},
    )
    (tmp_path / "other.xml").write_text("<annotation/>")
    survey = survey_folder("cvat", tmp_path)
    assert survey is not None
    assert survey.options == {"annotations": "export/annotations.xml", "photos": "images"}
    assert survey.photos == tuple(
        f"export/images/{name}.png" for name in ("Train/a", "Train/c", "Validation/b")
    )
    assert survey.annotated == 2
    assert survey.shapes == {"box": 1, "mask": 1, "polygon": 1, "tag": 1}
    assert survey.labels == {"car": 1, "road": 2}
    assert survey.splits == {"train": 1, "val": 1}
    assert survey.ontology == {"road": (128, 64, 128), "car": (0, 0, 142)}
    assert cvat_reader(tmp_path, dict(survey.options)).ids() == ("Train/a", "Validation/b")
    assert survey_folder("cvat", tmp_path / "export/images") is None
