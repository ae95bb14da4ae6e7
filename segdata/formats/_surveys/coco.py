"""What the COCO files of a folder say: which of them belong together as splits, and which photos, shapes and labels.

    annotations/instances_train2017.json           annotations/instances_val2017.json           proposed, as two splits
    annotations/person_keypoints_train2017.json    annotations/person_keypoints_val2017.json    told, and a choice

Where the names do not give every file a split of its own, those that differ in the split's word alone go together;
files of instances come first, then the group of the most splits.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from segdata.errors import DataError
from segdata.file_names import lying
from segdata.findings import Finding
from segdata.formats import open_reader
from segdata.formats._parts.coco_files import read_content
from segdata.formats._parts.listed_reader import ListedReader
from segdata.formats._parts.photo_files import list_files
from segdata.formats._surveys import listed
from segdata.formats._surveys.common import any_source
from segdata.survey import Survey
from segdata.wording import counted

MOST_CHOICES = 8
PANOPTIC = (b'"segments_info"',)


def survey(root: Path) -> Survey | None:
    """What COCO files of a folder say; None where there are none. Opens no photo."""
    files = listed.json_files(root, b'"annotations"', b'"categories"', b'"images"', without=PANOPTIC)
    photos_there = listed.photos_by_last_name(list_files(root, root, [])) if files else {}
    groups = _groups(files)
    for group in groups:
        try:
            contents = {file: read_content(lying(root, file), file, [], None, []) for file in group}
            named = listed.by_split(group)
            annotations: object = named or group[0]
            folders = {
                file: listed.photo_folder(photos_there, [entry.filename for entry in content.entries], file)[
                    0
                ]
                for file, content in contents.items()
            }
            photos: object = folders[group[0]]
            if named is not None and len(set(folders.values())) > 1:
                photos = {split: folders[file] for split, file in named.items()}
            options = {"annotations": annotations, "photos": photos}
            reader = open_reader("coco", any_source(root, options))
        except DataError:
            continue
        others = [other for other in groups if other is not group]
        choices: dict[str, Sequence[object]] = {"crowd": ["ignore", "paint"], "order": ["file", "area"]}
        if others:
            choices["annotations"] = [listed.by_split(other) or other[0] for other in others[:MOST_CHOICES]]
        categories = (one for content in contents.values() for one in content.categories.values())
        return listed.survey_of(
            "coco",
            root,
            f"{', '.join(group)} (COCO instances)",
            cast(ListedReader, reader),
            shapes=sum((content.shapes for content in contents.values()), Counter[str]()),
            labels=sum((content.labels for content in contents.values()), Counter[str]()),
            colors={one.name: one.color for one in categories},
            options=options,
            choices=choices,
            findings=_left_out(others),
        )
    return None


def _groups(files: Sequence[str]) -> list[list[str]]:
    """Files that are read together, the likeliest first."""
    if listed.by_split(files) is not None:
        return [list(files)]
    return sorted(listed.alike(files), key=_merit)


def _merit(group: list[str]) -> tuple[bool, int, str]:
    return "instances" not in posixpath.basename(group[0]).lower(), -len(group), group[0]


def _left_out(groups: Sequence[Sequence[str]]) -> list[Finding]:
    """One finding on the files that are not proposed."""
    files = [file for group in groups for file in group]
    if not files:
        return []
    more = f", and {len(files) - 3} more" if len(files) > 3 else ""
    message = f"{counted(len(files), 'more COCO file')}: {', '.join(files[:3])}{more}"
    return [Finding("other-annotations", files[0], "", message, "left out", "warning")]
