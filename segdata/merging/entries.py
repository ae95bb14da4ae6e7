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
from segdata.adding.via_text import ViaFile, name_of
from segdata.errors import DataError
from segdata.merging.conflicts import Conflict, conflicts_of
from segdata.merging.trees import three_way

Side = Literal["ours", "theirs"]
Entries = Mapping[str, Any]
_NOTHING = object()
_OF_ENTRIES = ("_via_img_metadata", "_via_image_id_list")


@dataclass(frozen=True)
class MergedFile:
    """The whole new file; what of theirs is in it now, and entries that both changed, each otherwise.

    both     those that stay as they are in ours until a person has decided
    decided  those that whoever was preferred decided
    said     what else was left out, in words
    of       what it holds
    """

    content: bytes
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    both: tuple[Conflict, ...]
    decided: tuple[Conflict, ...]
    said: tuple[str, ...]
    of: str = "entry"


def merge_entries(
    name: str, base: Path | None, ours: Path, theirs: Path, prefer: Side | None
) -> MergedFile | None:
    """Three versions of a file of VIA as one; None where one of them is no file whose entries can be told apart.

    base    None: both made it
    prefer  whose entry it is where both have it, each otherwise (`decided`); None: it stays as ours, and `both` names it
    `both` names, whoever is preferred, what one has changed and the other taken out, and an entry of theirs about a photo
    of which ours has another one (a key holds the photo's size, too).
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
    taken, both = three_way(old, mine, new)
    kept = {key: value for key, value in mine.items() if taken.get(key, value) is not None}
    left = {name_of(value) for value in kept.values()} - {""}
    twice = [
        key
        for key, value in taken.items()
        if value is not None and key not in mine and name_of(value) in left
    ]
    taken = {key: value for key, value in taken.items() if key not in twice}
    decided = [key for key in both if key in mine and key in new] if prefer else []
    if prefer == "theirs":
        taken |= {key: new[key] for key in decided}
    undecided = [key for key in both if key not in decided]
    others, said = _other_members(before, our, their)
    return MergedFile(
        our.encoded(_written(our, taken, others)),
        added=tuple(key for key, value in taken.items() if value is not None and key not in mine),
        changed=tuple(key for key, value in taken.items() if value is not None and key in mine),
        removed=tuple(key for key, value in taken.items() if value is None),
        both=(*conflicts_of(undecided, old, mine, new), *(_twice(key, old, kept, new) for key in twice)),
        decided=conflicts_of(decided, old, mine, new),
        said=said,
    )


def _twice(key: str, old: Entries, kept: Entries, new: Entries) -> Conflict:
    """An entry of theirs about a photo of which ours has another one, under the key of another size."""
    ours = next(one for one, value in kept.items() if name_of(value) == name_of(new[key]))
    return Conflict(key, f"added by {'them' if ours in old else 'both'}, where yours is {ours!r}")


def _written(our: ViaFile, taken: Entries, others: Sequence[Edit]) -> str:
    at = {one.key: one for one in our.entries}
    edits = [
        replace_value(our.text, at[key], value)
        for key, value in taken.items()
        if value is not None and key in at
    ]
    out = {number for number, one in enumerate(our.entries) if one.key in taken and taken[one.key] is None}
    gone = {our.entries[number].key for number in out}
    edits += cut(our.entries, out)
    edits += cut(our.ids, {number for number, one in enumerate(our.ids) if one.value in gone})
    text = apply(our.text, [*edits, *others])
    new = [(key, value) for key, value in taken.items() if value is not None and key not in at]
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
        if new[key].value in (mine[key].value, old[key].value if key in old else _NOTHING):
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
