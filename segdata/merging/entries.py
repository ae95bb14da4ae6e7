"""Files of VIA entry by entry: what they put in, changed or took out is done in the text of ours.

{"IMG_1.jpg148213": {…}, "IMG_2.jpg150022": {…}}      a key is a photo's name and size, as VIA makes it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from segdata.adding.json_splice import (
    Edit,
    Member,
    apply,
    cut,
    insert_members,
    members,
    replace_value,
    skip_space,
)
from segdata.adding.via_text import ViaFile
from segdata.errors import DataError

Side = Literal["ours", "theirs"]
Entries = Mapping[str, Any]
_ABSENT = object()
_OF_ENTRIES = ("_via_img_metadata", "_via_image_id_list")


@dataclass(frozen=True)
class MergedFile:
    """The whole new file; what of theirs is in it now, and entries that both changed, each otherwise.

    said  what else was left out, in words
    """

    content: bytes
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    both: tuple[str, ...]
    said: tuple[str, ...]


def merge_entries(
    name: str, base: Path | None, ours: Path, theirs: Path, prefer: Side | None
) -> MergedFile | None:
    """Three versions of a file of VIA as one; None where one of them is no file whose entries can be told apart.

    base    None: both made it
    prefer  whose entry it is where both changed it; None: ours stays, and `both` names it
    """
    try:
        our, their = ViaFile.read(ours, name), ViaFile.read(theirs, name)
        before = ViaFile.read(base, name) if base else None
    except DataError:
        return None
    files = [our, their, *([before] if before else [])]
    if any(len(_by_key(one)) < len(one.entries) for one in files):
        return None  # a key twice: which of the two is meant, nobody knows
    old, mine, new = (_by_key(before) if before else {}), _by_key(our), _by_key(their)
    changes = _changes(old, mine, new)
    both = tuple(key for key in changes if mine.get(key, _ABSENT) != old.get(key, _ABSENT))
    taken = {key: value for key, value in changes.items() if prefer == "theirs" or key not in both}
    others, said = _other_members(before, our, their)
    return MergedFile(
        our.encoded(_written(our, taken, others)),
        added=tuple(key for key, value in taken.items() if value is not _ABSENT and key not in mine),
        changed=tuple(key for key, value in taken.items() if value is not _ABSENT and key in mine),
        removed=tuple(key for key, value in taken.items() if value is _ABSENT),
        both=both,
        said=said,
    )


def _changes(old: Entries, mine: Entries, new: Entries) -> dict[str, Any]:
    """What of theirs is neither as it was nor as ours: key → entry, or _ABSENT."""
    changes = {}
    for key in dict.fromkeys([*new, *old, *mine]):
        its = new.get(key, _ABSENT)
        if its != old.get(key, _ABSENT) and its != mine.get(key, _ABSENT):
            changes[key] = its
    return changes


def _written(our: ViaFile, taken: Entries, others: Sequence[Edit]) -> str:
    at = {one.key: one for one in our.entries}
    edits = [
        replace_value(our.text, at[key], value)
        for key, value in taken.items()
        if value is not _ABSENT and key in at
    ]
    out = {number for number, one in enumerate(our.entries) if taken.get(one.key) is _ABSENT}
    gone = {our.entries[number].key for number in out}
    edits += cut(our.entries, out)
    edits += cut(our.ids, {number for number, one in enumerate(our.ids) if one.value in gone})
    text = apply(our.text, [*edits, *others])
    new = [(key, value) for key, value in taken.items() if value is not _ABSENT and key not in at]
    if not new:
        return text
    left = ViaFile.parsed(text, our.name, bom=our.bom)  # what was cut may have been all
    edits = [insert_members(text, left.entries, left.at, new)]
    if left.ids_at is not None:
        edits.append(insert_members(text, left.ids, left.ids_at, [("", key) for key, _ in new]))
    return apply(text, edits)


def _other_members(
    before: ViaFile | None, our: ViaFile, their: ViaFile
) -> tuple[list[Edit], tuple[str, ...]]:
    """What a project says beside its entries (_via_settings, _via_attributes): theirs where ours is as it was."""
    old, mine, new = ({} if one is None else _beside(one) for one in (before, our, their))
    edits, said = [], []
    for key in mine.keys() & new.keys():
        if new[key].value in (mine[key].value, old[key].value if key in old else _ABSENT):
            continue
        if key in old and old[key].value == mine[key].value:
            edits.append(replace_value(our.text, mine[key], new[key].value))
        else:
            said.append(f"{our.name}: both changed {key}: ours stays")
    return edits, tuple(sorted(said))


def _beside(file: ViaFile) -> dict[str, Member]:
    if file.at == skip_space(file.text, 0):
        return {}  # no project: all members are entries
    return {
        one.key: one for one in members(file.text, skip_space(file.text, 0)) if one.key not in _OF_ENTRIES
    }


def _by_key(file: ViaFile) -> dict[str, Any]:
    return {one.key: one.value for one in file.entries}
