"""A VIA 2 project as JSON: what stands in it of a photo, and around the photos.

    {"_via_img_metadata": {
    "IMG_0001.jpg148213": {"filename": "IMG_0001.jpg", "size": 148213, "file_attributes": {}, "regions": [
        {"shape_attributes": {"name": "polygon", "all_points_x": [0, 639, …], "all_points_y": [9, 9, …]},
         "region_attributes": {"class": "road"}}, …]}},
    "_via_attributes": {"region": {"class": {"type": "dropdown", "options": {"road": "", …}}}, "file": {}}, …}

Pixels that stand alone, or in a line, are drawn as strips of less than a pixel: an outline without area looks like a slip.
Which attribute holds the class, and what the classes are called there, is the annotators' own custom: a `Dialect`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segdata.export.contours import Outline, paint_outlines
from segdata.export.drafts import Draft, draft_of
from segdata.ontology import IGNORE, IGNORE_INDEX, Ontology
from segdata.sample import Mask

ATTRIBUTE = "class"
THIN = 0.45
"""How wide a line of pixels is drawn, in pixels: half of one would be rounded to the next, and a tenth looks like a slip."""
VERSION = "2.0.10"  # of VIA's project files


@dataclass(frozen=True)
class Dialect:
    """How a set's annotations say a class.

    attribute  region attribute that holds it
    names      class id → what it is called there; ids without a name are never outlined
    canvas     class id of the pixels that no region covers
    """

    attribute: str
    names: Mapping[int, str]
    canvas: int = IGNORE_INDEX

    @classmethod
    def of(cls, ontology: Ontology) -> Dialect:
        """The classes' own names, and "ignore"."""
        return cls(ATTRIBUTE, {**dict(enumerate(ontology.names)), IGNORE_INDEX: IGNORE})


def drafted(mask: Mask, dialect: Dialect) -> Draft:
    """A draft of a predicted mask, of the classes that the dialect can name.

    A photo that is all canvas is outlined as such where that has a name: an entry without regions says nothing.
    """
    draft = draft_of(mask, canvas=dialect.canvas)
    named = [outline for outline in draft.outlines if outline.class_id in dialect.names]
    if not named and dialect.canvas in dialect.names:
        named = [frame(mask.shape[1], mask.shape[0], dialect.canvas)]
    if len(named) == len(draft.outlines):
        return draft
    blank = np.full(mask.shape, dialect.canvas, np.uint8)
    return Draft(named, paint_outlines(named, (mask.shape[0], mask.shape[1]), blank), draft.islands)


def frame(width: int, height: int, class_id: int) -> Outline:
    """The whole photo as one class."""
    right, bottom = width - 1, height - 1
    return Outline(class_id, np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]], np.int32))


def entry_of(
    filename: str, size: int, outlines: Sequence[Outline], dialect: Dialect
) -> tuple[str, dict[str, object]]:
    """The key and the entry of a photo. `size` is its file's, bytes: VIA looks for photos by name and size."""
    regions = [_region(outline, dialect) for outline in outlines]
    entry = {"filename": filename, "size": size, "regions": regions, "file_attributes": {}}
    return f"{filename}{size}", entry


def _region(outline: Outline, dialect: Dialect) -> dict[str, object]:
    points = with_area(outline.points_xy)
    x, y = [x for x, _ in points], [y for _, y in points]
    return {
        "shape_attributes": {"name": "polygon", "all_points_x": x, "all_points_y": y},
        "region_attributes": {dialect.attribute: dialect.names[outline.class_id]},
    }


def with_area(points_xy: NDArray[np.int32]) -> list[list[float]]:
    """An outline that encloses an area also where it is one pixel, or a line of pixels: a strip inside of those.

    points_xy  int32 (N, 2). Returns [x, y] of each point, within its pixel: whoever rounds or cuts off coordinates paints
               what the given points paint.

    >>> with_area(np.array([[1, 5], [3, 5], [3, 5]], np.int32))
    [[1, 5], [3.45, 5], [3.45, 5.45], [1, 5.45]]
    """
    ends = np.unique(points_xy, axis=0)
    if len(ends) > 2:
        points: list[list[float]] = points_xy.tolist()
        return points
    (x0, y0), (x1, y1) = ends[0].tolist(), ends[-1].tolist()  # x0 <= x1
    if x0 == x1 or y0 == y1:
        strip = [[x0, y0], [x1 + THIN, y0], [x1 + THIN, y1 + THIN], [x0, y1 + THIN]]
    elif y0 < y1:
        strip = [[x0 + THIN, y0], [x1 + THIN, y1], [x1, y1 + THIN], [x0, y0 + THIN]]
    else:
        strip = [[x0, y0], [x1, y1], [x1 + THIN, y1 + THIN], [x0 + THIN, y0 + THIN]]
    return [[round(part, 2) for part in point] for point in strip]


def around(name: str, photos: str, keys: Sequence[str], dialect: Dialect) -> dict[str, object]:
    """What a project says beside its entries. `photos` is their folder, seen from the photos of via.html's page."""
    options = dict.fromkeys(dialect.names.values(), "")
    attribute = {"type": "dropdown", "description": "", "options": options, "default_options": {}}
    core = {"buffer_size": 18, "filepath": {}, "default_filepath": photos}
    return {
        "_via_settings": {"core": core, "project": {"name": name}},
        "_via_attributes": {"region": {dialect.attribute: attribute}, "file": {}},
        "_via_data_format_version": VERSION,
        "_via_image_id_list": list(keys),
    }


def project_of(name: str, entries: Mapping[str, object], dialect: Dialect) -> dict[str, object]:
    """A whole project of a few photos, which lie beside it."""
    return {"_via_img_metadata": dict(entries), **around(name, "", list(entries), dialect)}
