"""What the LabelMe files of a folder say: where the photos lie, and which shapes and labels occur."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from segdata.errors import DataError
from segdata.formats import Reader, open_reader
from segdata.formats._parts.entries import Entry
from segdata.formats._parts.labelme_files import POINTS, read_entries
from segdata.formats._parts.listed import Subject
from segdata.formats._surveys import listed
from segdata.survey import Survey


class _Reader(Reader, Protocol):
    subjects: Mapping[str, Subject]


def survey(root: Path) -> Survey | None:
    """What LabelMe files of a folder say; None where there are none. Opens no photo."""
    files = listed.json_files(root, b'"shapes"', b'"imagePath"')
    if not files:
        return None
    folders = {str(Path(file).parent) for file in files}
    annotations = folders.pop() if len(folders) == 1 else "."
    try:
        probe = listed.source(root, {})
        entries = read_entries(probe, annotations, ".", [])
        places = [path for entry in entries for path in entry.wanted[:1]]
        photos = listed.photo_folder(root, [Path(place).name for place in places], files[0])
        if len({str(Path(place).parent) for place in places}) > 1:
            photos = "."
        options = {"annotations": annotations, "photos": photos}
        reader = cast(_Reader, open_reader("labelme", listed.source(root, options)))
    except DataError:
        return None
    shapes: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    for entry in entries:
        for raw in _shapes(entry):
            shapes[str(raw.get("shape_type") or "polygon")] += 1
            labels[str(raw.get("label", ""))] += raw.get("shape_type") not in POINTS
    return listed.survey_of(
        "labelme",
        f"{len(entries)} JSON files of LabelMe in {annotations}",
        reader,
        shapes=shapes,
        labels=+labels,
        colors={},
        options=options,
        choices={"lines": ["ignore", "closed", {"stroke": 3}], "order": ["file", "area"]},
    )


def _shapes(entry: Entry) -> list[dict[str, Any]]:
    """The shapes of a file as far as they can be read."""
    try:
        return [raw for raw in entry.said.get("shapes", []) if isinstance(raw, dict)]
    except DataError:
        return []
