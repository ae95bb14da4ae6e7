"""An opened source, as tests of formats with an ontology of their own need it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from segdata.formats import OpenSource
from segdata.label_map import LabelMap
from segdata.ontology import Ontology, load_ontology


def source_of(
    root: Path, ontology: Ontology | str, label_map: dict[str | int, str] | None, **changes: Any
) -> OpenSource:
    """label_map None: labels are the ontology's own names and ids; `changes` replace parts of the source."""
    classes = load_ontology(ontology) if isinstance(ontology, str) else ontology
    lookup = LabelMap.identity(classes) if label_map is None else LabelMap.of(label_map, classes)
    parts: dict[str, Any] = {"exif": None, "unlabelled_id": 255, "unannotated": "skip", "options": {}}
    return OpenSource("p.yaml", root, classes, lookup, **{**parts, **changes})
