"""Which photos belong together, as a list beside the photos: an input of the splits, like an official list.

    data/raw/mine/segdata-groups.csv      id,group
                                          IMG_0107,IMG_0107
                                          IMG_0108,IMG_0107        taken four seconds after IMG_0107
                                          IMG_0211,north gate      somebody's own word

Where other photos decide who belongs to whom (a burst, a cluster of photos that look alike), a new photo may join two
groups to one. Had their photos been placed by the set alone, some would then change their split. So what was decided
once is written down and stays; `segdata group` adds what is new (segdata/grouping.py).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from segdata.atomic import replace_file
from segdata.errors import ConfigError, DataError

GROUP_LIST = "segdata-groups.csv"
_HEADER = ["id", "group"]


def read_groups(root: Path) -> dict[str, str] | None:
    """id → group as the list in a source's root says; None without a list. Raises DataError for a line that is none."""
    path = root / GROUP_LIST
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True))
    except FileNotFoundError:
        return None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(GROUP_LIST, found=f"no readable list ({error})", expected="CSV in UTF-8") from error
    if not rows or rows[0] != _HEADER:
        found = repr(",".join(rows[0])) if rows else "an empty file"
        raise DataError(GROUP_LIST, place="line 1", found=found, expected="id,group")
    groups: dict[str, str] = {}
    for number, row in enumerate(rows[1:], 2):
        if not row:
            continue
        if len(row) != 2 or not all(row):
            raise DataError(
                GROUP_LIST, place=f"row {number}", found=repr(",".join(row)), expected="an id and its group"
            )
        id, group = row
        if groups.setdefault(id, group) != group:
            raise DataError(
                GROUP_LIST,
                place=f"row {number}",
                found=f"{id!r} in {group!r}, and in {groups[id]!r} above",
                expected="each photo in one group",
            )
    return groups


def need_groups(root: Path, where: str) -> dict[str, str]:
    """The same for splits that are decided by the list. Raises ConfigError without one."""
    groups = read_groups(root)
    if groups is None:
        raise ConfigError(
            where,
            place="source.splits.group",
            found=f"no {GROUP_LIST} in the source's root",
            expected="the list of which photos belong together",
            fix="Run segdata group with the pipeline's name, which makes it; or write it by hand: id,group.",
        )
    return groups


def write_groups(root: Path, groups: Mapping[str, str]) -> None:
    """Write the list, sorted by id, whole or not at all."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    writer.writerows(sorted(groups.items()))
    with replace_file(root / GROUP_LIST) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8", newline="")
