"""What CVAT files of a folder say: which photos, shapes and labels, in their colours, and what the subsets are called."""

from __future__ import annotations

import posixpath
from collections import Counter
from pathlib import Path
from typing import cast

from segdata.errors import DataError
from segdata.file_names import lying
from segdata.formats import open_reader
from segdata.formats._parts.cvat_files import Content, read_content
from segdata.formats._parts.listed_reader import ListedReader
from segdata.formats._parts.photo_files import list_files
from segdata.formats._surveys import listed
from segdata.formats._surveys.common import any_source
from segdata.survey import Survey


def survey(root: Path) -> Survey | None:
    """What CVAT files of a folder say; None where there are none. Opens no photo."""
    contents: dict[str, Content] = {}
    for file in listed.files_below(root, ".xml"):
        try:
            contents[file] = read_content(lying(root, file), file, ".", None)
        except DataError:
            continue
    if not contents:
        return None
    files = list(contents)
    named = listed.by_split(files) if len(files) > 1 else None
    options: dict[str, object] = {"annotations": named or (files if len(files) > 1 else files[0])}
    filenames = [entry.filename for entry in contents[files[0]].entries]
    folder, _ = listed.photo_folder(
        listed.photos_by_last_name(list_files(root, root, [])), filenames, files[0]
    )
    if posixpath.basename(folder) in contents[files[0]].subsets:
        folder = posixpath.dirname(folder) or "."
    options["photos"] = listed.relative_to(folder, posixpath.dirname(files[0]))
    try:
        reader = open_reader("cvat", any_source(root, options))
    except DataError:
        return None
    return listed.survey_of(
        "cvat",
        root,
        f"{', '.join(files[:3])} (CVAT for images)",
        cast(ListedReader, reader),
        shapes=sum((one.shapes for one in contents.values()), Counter[str]()),
        labels=sum((one.labels for one in contents.values()), Counter[str]()),
        colors={name: color for one in contents.values() for name, color in one.colors.items()},
        options=options,
        choices={"lines": ["ignore", "closed", {"stroke": 3}], "order": ["z", "area"]},
    )
