"""Small sets to export, and the export read back through the source section that lies beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from segdata.conversion.sources import open_source
from segdata.decode import read_yaml, strict
from segdata.export import Exported, ExportItem, export_samples
from segdata.formats import Reader, open_reader
from segdata.ontology import Ontology, ontology_of_names
from segdata.pipeline import Source, Split
from segdata.rasterize import ellipse_points, fill
from segdata.sample import Image, Mask

STREET = ontology_of_names("own", ["road", "car", "sky", "pole"])
IGNORED = 255


def photo_for(mask: Mask) -> Image:
    """Pixels that no two photos share in size and mask alike."""
    return np.stack([mask, mask // 2, 255 - mask], axis=2)


def item(id: str, rows: Sequence[Sequence[int]] | Mask, split: Split | None = "train") -> ExportItem:
    mask = np.array(rows, np.uint8)
    return ExportItem(id, split, mask, photo_for(mask))


def export(out: Path, to: str, *items: ExportItem, ontology: Ontology = STREET) -> Exported:
    return export_samples(items, ontology, to, out)


def source_of(out: Path) -> Source:
    value = cast("dict[str, object]", read_yaml(out / "source.yaml", "source.yaml"))["source"]
    return strict(value, Source, "source.yaml")


def read_back(out: Path) -> Reader:
    """The reader that source.yaml describes, over the exported folder."""
    source = source_of(out)
    return open_reader(source.format, open_source(source, out, "source.yaml"))


def noise() -> st.SearchStrategy[Mask]:
    """Masks in which any pixel may be any of four classes or ignored."""
    shapes = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24)
    return arrays(np.uint8, shapes, elements=st.sampled_from([0, 1, 2, 3, IGNORED]))


@st.composite
def shapes(draw: st.DrawFn) -> Mask:
    """Masks as people draw them: discs, rings and polygons over one another, of classes and ignored."""
    height, width = draw(st.integers(4, 24)), draw(st.integers(4, 24))
    mask = np.full((height, width), draw(st.sampled_from([0, IGNORED])), np.uint8)
    place = st.tuples(st.integers(-4, width + 4), st.integers(-4, height + 4))
    for _ in range(draw(st.integers(1, 6))):
        class_id = draw(st.sampled_from([0, 1, 2, 3, IGNORED]))
        if draw(st.booleans()):
            (x, y), radius = draw(place), draw(st.integers(0, 10))
            fill(mask, ellipse_points(x, y, radius, radius), class_id)
            fill(mask, ellipse_points(x, y, radius // 2, radius // 2), draw(st.sampled_from([1, 2, IGNORED])))
        else:
            points = draw(st.lists(place, min_size=3, max_size=6))
            fill(mask, np.array(points, np.float64), class_id)
    return mask
