"""Golden cases: for each format a small set of drawn scenes, whose masks are known to the pixel.

tests/golden/<format>/case.py holds CASE. A new format is one file in segdata/formats/ and one folder here; what every
format owes is then asked of it by tests/formats/test_contract.py, test_fuzz.py and tests/inspection/test_formats.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from segdata.formats import OpenSource, Reader, open_reader
from segdata.label_map import LabelMap
from segdata.ontology import ontology_of_names
from segdata.sample_data import CLASSES, FORMATS, Scene, iter_truth, write_sample_set

NUM_SCENES, SIZE_HW, SEED = 16, (120, 160), 7
Truth = dict[str, Scene]


def official(id: str, number: int) -> str | None:
    """The split of the sample sets that bring their own."""
    return "train" if number < NUM_SCENES * 3 // 4 else "val"


def no_split(id: str, number: int) -> str | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Case:
    """How a set is drawn, how it is opened, what must come out.

    edit_annotation   changes what one photo's annotation says, and no other's
    photos            pattern of the photo files
    write             writes photos and annotations into a folder; None: the sample set of the format's name
    scenes            photos and masks by id, for a format that cannot say every mask; None: drawn street scenes
    split             official split of an id, by its number among the sorted ids
    maps              what its label map speaks: names, values of masks, or both
    photos_by_id      whether photos are found by their id alone, so that their ending may change
    """

    name: str = ""
    edit_annotation: Callable[[Path], None]
    photos: str
    write: Callable[[Path, Truth], None] | None = None
    scenes: Callable[[], Truth] | None = None
    split: Callable[[str, int], str | None] = no_split
    classes: tuple[str, ...] = CLASSES
    options: dict[str, object] = field(default_factory=dict)
    maps: Literal["names", "values", "both"] = "both"
    photos_by_id: bool = False

    def draw(self, root: Path) -> None:
        if self.write is not None:
            self.write(root, self.truth())
            return
        write_sample_set(self.name, root, num_scenes=NUM_SCENES, size_hw=SIZE_HW, seed=SEED)

    def truth(self) -> Truth:
        if self.scenes is not None:
            return self.scenes()
        drawn_as = self.name if self.name in FORMATS else "matlab"
        return dict(iter_truth(drawn_as, NUM_SCENES, SIZE_HW, SEED))

    def open(self, root: Path, **changes: Any) -> Reader:
        ontology = ontology_of_names("street", self.classes)
        parts: dict[str, Any] = {
            "label_map": LabelMap.identity(ontology),
            "exif": None,
            "unlabelled_id": 255,
            "unannotated": "skip",
            "options": self.options,
        }
        return open_reader(self.name, OpenSource("p.yaml", root, ontology, **{**parts, **changes}))


def paint_first(pattern: str) -> Callable[[Path], None]:
    """Changes one pixel of the first of these mask files to another number that it holds; the palette stays."""
    return lambda root: _paint_corner(sorted(root.glob(pattern))[0])


def _paint_corner(path: Path) -> None:
    with Image.open(path) as file:
        values, palette = np.array(file), file.getpalette()
    corner = values[0, 0]
    values[0, 0] = next(value for value in np.unique(values) if value not in (corner, 255, 0))
    picture = Image.fromarray(values)
    if palette:
        picture.putpalette(palette)
    picture.save(path)


def drop_via_region(root: Path) -> None:
    """Removes the first region of the first entry: the sky, or what hides it."""
    path = root / "via_region_data.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    del entries[sorted(entries)[0]]["regions"][0]
    path.write_text(json.dumps(entries), encoding="utf-8")


def _all() -> Mapping[str, Case]:
    folders = sorted(path.parent.name for path in Path(__file__).parent.glob("*/case.py"))
    return {name: replace(import_module(f"tests.golden.{name}.case").CASE, name=name) for name in folders}


CASES = _all()
