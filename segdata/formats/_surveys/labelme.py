"""What the LabelMe files of a folder say: where the photos lie, and which shapes and labels occur."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, cast

from segdata.errors import DataError
from segdata.formats import open_reader
from segdata.formats._parts.entries import Entry
from segdata.formats._parts.labelme_files import POINTS, read_entries
from segdata.formats._parts.listed_reader import ListedReader
from segdata.formats._parts.photo_files import list_files
from segdata.formats._surveys import listed
from segdata.formats._surveys.common import any_source
from segdata.survey import Survey
from segdata.wording import counted


def survey(root: Path) -> Survey | None:
    """What LabelMe files of a folder say; None where there are none. Opens no photo."""
    files = listed.json_files(root, b'"shapes"', b'"imagePath"')
    if not files:
        return None
    folders = {str(Path(file).parent) for file in files}
    annotations = folders.pop() if len(folders) == 1 else "."
    try:
        probe = any_source(root)
        entries = read_entries(probe, annotations, ".", [])
        places = [path for entry in entries for path in entry.wanted[:1]]
        names = [Path(place).name for place in places]
        photos, _ = listed.photo_folder(
            listed.photos_by_last_name(list_files(root, root, [])), names, files[0]
        )
        if len({str(Path(place).parent) for place in places}) > 1:
            photos = "."
        options = {"annotations": annotations, "photos": photos}
        reader = open_reader("labelme", any_source(root, options))
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
        root,
        f"{counted(len(entries), 'JSON file')} of LabelMe in {annotations}",
        cast(ListedReader, reader),
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
