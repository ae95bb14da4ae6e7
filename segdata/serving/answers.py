"""A prediction in the form that was asked for: a palettised PNG, a VIA project, a COCO dataset, or a ZIP of many.

Accept: image/png              ?format=png     the index of a pixel is its class id, at the photo's own size
Accept: application/json       ?format=via     a draft for the annotator: few points, near the mask (`drafts.py`)
Accept: application/coco+json  ?format=coco    the very mask as run lengths, an annotation per connected piece
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Literal, get_args

import msgspec
import numpy as np

from segdata.errors import DataError, SegdataError
from segdata.export.coco_pieces import categories_of, pieces
from segdata.export.via_project import Dialect, drafted, entry_of, project_of
from segdata.mask_file import mask_png
from segdata.ontology import Ontology
from segdata.sample import Mask
from segdata.serving.service import Predicted
from segdata.web import Refused, error_body

Form = Literal["png", "via", "coco"]
FORMS: tuple[Form, ...] = get_args(Form)
MEDIA_TYPES: dict[Form, str] = {
    "png": "image/png",
    "via": "application/json",
    "coco": "application/coco+json",
}
ENDINGS: dict[Form, str] = {"png": ".png", "via": ".via.json", "coco": ".coco.json"}


def asked_form(accept: str | None, given: Form | None) -> Form:
    """The form that a request asks for; `format` wins over Accept. Raises Refused (406) when none is acceptable.

    >>> asked_form("text/html, application/json;q=0.9, */*;q=0.1", None)
    'via'
    """
    if given is not None:
        return given
    best: tuple[float, Form] | None = None
    for number, part in enumerate((accept or "*/*").split(",")):
        kind, *parameters = (text.strip().lower() for text in part.split(";"))
        weight = next((_number(text[2:]) for text in parameters if text.startswith("q=")), 1.0)
        for form in FORMS:
            group = MEDIA_TYPES[form].partition("/")[0] + "/*"
            if weight > 0 and kind in (MEDIA_TYPES[form], group, "*/*"):
                less_exact = 0.0001 * (kind == group) + 0.0002 * (kind == "*/*") + 0.000001 * number
                best = max(best or (0.0, form), (weight - less_exact, form), key=lambda one: one[0])
    if best is None:
        expected = ", ".join(MEDIA_TYPES.values())
        raise Refused(
            406, DataError("Accept", found=repr(accept), expected=expected, fix="Or give ?format=png.")
        )
    return best[1]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def encoded(predicted: Predicted, form: Form, ontology: Ontology, dialect: Dialect) -> bytes:
    """The answer's body."""
    if form == "png":
        return mask_png(predicted.mask, ontology)
    if form == "via":
        key, entry = via_entry(predicted, dialect)
        return as_json(project_of(predicted.stem, {key: entry}, dialect))
    coco = CocoSet(ontology)
    coco.add(predicted)
    return coco.encoded()


def via_entry(predicted: Predicted, dialect: Dialect) -> tuple[str, dict[str, object]]:
    """Key and entry of a VIA project, a draft."""
    return entry_of(predicted.name, predicted.size, drafted(predicted.mask, dialect).outlines, dialect)


class CocoSet:
    """A COCO dataset that grows photo by photo, image ids from 1."""

    def __init__(self, ontology: Ontology) -> None:
        self._ontology = ontology
        self._images: list[dict[str, object]] = []
        self._annotations: list[dict[str, object]] = []

    def add(self, predicted: Predicted) -> None:
        height, width = predicted.mask.shape
        number = len(self._images) + 1
        self._images.append({"id": number, "file_name": predicted.name, "height": height, "width": width})
        for class_id, piece in pieces(predicted.mask):
            common = {"id": len(self._annotations) + 1, "image_id": number, "iscrowd": 0}
            self._annotations.append(common | {"category_id": class_id + 1, **piece})

    def encoded(self) -> bytes:
        categories = categories_of(self._ontology)
        return as_json({"images": self._images, "annotations": self._annotations, "categories": categories})


class Archive:
    """A ZIP that grows photo by photo: a PNG each, or one project or dataset of all."""

    def __init__(self, form: Form, ontology: Ontology, dialect: Dialect) -> None:
        self._form, self._ontology, self._dialect = form, ontology, dialect
        self._file = io.BytesIO()
        self._zip = zipfile.ZipFile(self._file, "w")
        self._entries: dict[str, object] = {}
        self._coco = CocoSet(ontology)

    def add(self, predicted: Predicted) -> None:
        if self._form == "png":
            self._write(f"{predicted.stem}.png", mask_png(predicted.mask, self._ontology))
        elif self._form == "via":
            key, entry = via_entry(predicted, self._dialect)
            self._entries[key] = entry
        else:
            self._coco.add(predicted)

    def encoded(self, refused: Sequence[SegdataError]) -> bytes:
        """All of it; refused.json says what is not in it, and why."""
        if self._form == "via":
            project = project_of("via_project", self._entries, self._dialect)
            self._write("via_project.json", as_json(project))
        elif self._form == "coco":
            self._write("instances.json", self._coco.encoded())
        if refused:
            errors = [error_body(error)["error"] for error in refused]
            self._write("refused.json", as_json({"refused": errors}))
        self._zip.close()
        return self._file.getvalue()

    def _write(self, name: str, data: bytes) -> None:
        kind = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
        self._zip.writestr(zipfile.ZipInfo(name), data, kind)  # without the time: same masks, same bytes


def as_json(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def shares(mask: Mask) -> dict[int, float]:
    """Class id → its share of the pixels, 0 to 1, of the classes that are there."""
    counts = np.bincount(mask.ravel(), minlength=256)
    return {class_id: float(counts[class_id]) / mask.size for class_id in np.flatnonzero(counts).tolist()}
