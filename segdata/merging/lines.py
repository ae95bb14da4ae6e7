"""Lists of photos line by line: ImageSets/Segmentation/train.txt of VOC, and segdata-groups.csv.

2007_000032                   a line is about the photo that its first word names
IMG_0108,IMG_0107             in CSV, the first column

No other text file is one: in a list of class names, say, a line's number is what it means.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from segdata.group_list import GROUP_LIST
from segdata.merging.conflicts import conflicts_of
from segdata.merging.entries import MergedFile, Side
from segdata.merging.trees import three_way

_BREAK = re.compile(rb"\r?\n")
_FIRST = re.compile(rb"[^\s,]+")


def is_list(file: str) -> bool:
    """Whether a file of a raw folder is one, by its name."""
    path = PurePosixPath(file)
    return path.name == GROUP_LIST or (path.suffix == ".txt" and "ImageSets" in path.parts[:-1])


def merge_lines(base: Path | None, ours: Path, theirs: Path, prefer: Side | None) -> MergedFile | None:
    """Three versions of a list as one, as `merge_entries` does it; None where a photo stands in one of them twice.

    Ours stay in their order, and what they put in follows; a list that was sorted is so afterwards.
    """
    ours_bytes = ours.read_bytes()
    sides = [
        _by_photo(content)
        for content in (base.read_bytes() if base else b"", ours_bytes, theirs.read_bytes())
    ]
    if None in sides:
        return None
    old, mine, new = (side or {} for side in sides)
    taken, both = three_way(old, mine, new)
    decided = [photo for photo in both if photo in mine and photo in new] if prefer else []
    if prefer == "theirs":
        taken |= {photo: new[photo] for photo in decided}
    both = [photo for photo in both if photo not in decided]
    lines = {photo: taken.get(photo, line) for photo, line in mine.items()} | taken
    body = [line for line in lines.values() if line is not None]
    header = 1 if body and body[0].startswith(b"id,") else 0
    given = list(mine.values())[header:]
    if given == sorted(given):
        body[header:] = sorted(body[header:])
    ending = b"\r\n" if b"\r\n" in ours_bytes else b"\n"
    text = ending.join(body) + (ending if body and (ours_bytes.endswith(b"\n") or not ours_bytes) else b"")
    names = {photo: photo.decode(errors="replace") for photo in taken}
    return MergedFile(
        text,
        added=tuple(names[one] for one, line in taken.items() if line is not None and one not in mine),
        changed=tuple(names[one] for one, line in taken.items() if line is not None and one in mine),
        removed=tuple(names[one] for one, line in taken.items() if line is None),
        both=conflicts_of(both, old, mine, new),
        decided=conflicts_of(decided, old, mine, new),
        said=(),
        of="line",
    )


def photos_in(content: bytes) -> set[str]:
    """What the lines of a list are about."""
    return {
        found[0].decode(errors="replace") for line in _BREAK.split(content) if (found := _FIRST.search(line))
    }


def _by_photo(content: bytes) -> dict[bytes, bytes] | None:
    """Photo → its line; None where one stands there twice."""
    lines: dict[bytes, bytes] = {}
    for line in _BREAK.split(content):
        found = _FIRST.search(line)
        if found is None:
            continue
        if found[0] in lines:
            return None
        lines[found[0]] = line
    return lines
