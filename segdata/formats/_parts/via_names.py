"""Photos that a VIA entry names by URL or absolute path, as VIA stores those that were added so.

"https://example.org/roll%201/IMG_1.jpg?w=640" is about roll 1/IMG_1.jpg, and where there is none, about IMG_1.jpg.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

ELSEWHERE = re.compile(r"^([A-Za-z]:)?/|^[A-Za-z][A-Za-z0-9+.-]*://")
"""URLs and absolute paths."""


def path_part(name: str) -> str:
    """The path of a URL, without its host; an absolute path as it is."""
    if "://" in name:
        path = re.split("[?#]", name.partition("://")[2])[0]
        return unquote(path.partition("/")[2])
    return name


def ending_alike(path: str, files: Mapping[str, Path]) -> list[str]:
    """The file whose path ends like this one for longest, of several the one that is all of that end, or else all.

    Of "x/b/1.jpg" that is "b/1.jpg" rather than "c/b/1.jpg" or "1.jpg"; "c/1.jpg" and "d/1.jpg" are alike.
    """
    if path in files:
        return [path]
    parts = path.split("/")[::-1]
    shared: dict[str, tuple[int, bool]] = {}
    for file in files:
        own = file.split("/")[::-1]
        if own[0] == parts[0]:
            pairs = zip(own, parts, strict=False)
            count = next(
                (i for i, (one, other) in enumerate(pairs) if one != other), min(len(own), len(parts))
            )
            shared[file] = count, count == len(own)
    best = max(shared.values(), default=None)
    return sorted(file for file in shared if shared[file] == best)
