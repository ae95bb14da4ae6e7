"""VIA files as text: where their entries stand, and what they say, for edits that leave the rest to the character.

{"_via_img_metadata": {"IMG_1.jpg148213": {…}}, "_via_image_id_list": ["IMG_1.jpg148213"], "_via_settings": {…}}
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segdata.adding.json_splice import Member, apply, cut, members, skip_space
from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.photo_files import composed
from segdata.formats._parts.via_files import read_entries
from segdata.wording import counted

BOM = b"\xef\xbb\xbf"
_ID_LIST = "_via_image_id_list"


@dataclass
class ViaFile:
    """A VIA file as text: where its entries stand. `ids` is VIA's own list of keys, of projects alone."""

    name: str
    text: str
    bom: bool
    at: int
    entries: list[Member]
    ids_at: int | None = None
    ids: Sequence[Member] = ()

    @classmethod
    def read(cls, path: Path, name: str) -> ViaFile:
        """Raises DataError for what is no JSON of VIA 1 or 2."""
        try:
            raw = path.read_bytes()
            text = raw.removeprefix(BOM).decode()
            return cls.parsed(text, name, bom=raw.startswith(BOM))
        except (OSError, ValueError, RecursionError) as error:
            fix = "In VIA: Annotation > Export Annotations (as json)."
            raise DataError(
                name, found=f"no JSON object ({error})", expected="a JSON file of VIA 1 or 2", fix=fix
            ) from error

    @classmethod
    def parsed(cls, text: str, name: str, *, bom: bool) -> ViaFile:
        """Raises ValueError or RecursionError for what is no JSON object, DataError for a project of VIA 3."""
        start = skip_space(text, 0)
        if text[start : start + 1] != "{":
            raise ValueError(f"it begins with {text[start : start + 1]!r}")
        top = members(text, start)
        keys = {member.key: member for member in top}
        if {"project", "view", "metadata", "file"} <= keys.keys():
            raise DataError(
                name,
                found="a project of VIA 3",
                expected="a JSON file of VIA 1 or 2, into which entries can be put",
                fix="Add the photos to the project in VIA, or export the set once: segdata export --to via.",
            )
        file = cls(name, text, bom, start, top)
        if "_via_img_metadata" in keys:
            file.at = keys["_via_img_metadata"].value_start
            file.entries = members(text, file.at)
            if _ID_LIST in keys and isinstance(keys[_ID_LIST].value, list):
                file.ids_at = keys[_ID_LIST].value_start
                file.ids = members(text, file.ids_at)
        return file

    def encoded(self, text: str) -> bytes:
        return (BOM if self.bom else b"") + text.encode()

    @property
    def numbered(self) -> bool:
        """Whether regions are VIA 1's objects {"0": …}."""
        return any(isinstance(regions_of(one.value), dict) for one in self.entries)

    def without(self, which: set[int]) -> str:
        """The text without these entries, and without their keys in VIA's own list."""
        keys = {self.entries[number].key for number in which}
        listed = {number for number, one in enumerate(self.ids) if one.value in keys}
        return apply(self.text, [*cut(self.entries, which), *cut(self.ids, listed)])


def regions_of(entry: object) -> object:
    return entry.get("regions") if isinstance(entry, dict) else None


def listed(entry: object) -> list[Any]:
    regions = regions_of(entry)
    return list(
        regions.values() if isinstance(regions, dict) else regions if isinstance(regions, list) else ()
    )


def name_of(entry: object) -> str:
    name = entry.get("filename") if isinstance(entry, dict) else None
    return re.sub(r"^(\./)+", "", composed(name)) if isinstance(name, str) else ""


def said_entries(path: Path) -> list[dict[str, Any]]:
    """Entries of any VIA file as VIA 2 writes them, with all their keys. Raises DataError for entries that are none."""
    unreadable: list[Finding] = []
    found = read_entries(path, str(path), unreadable)
    if unreadable:
        first = unreadable[0]
        raise DataError(path, place=first.place, found=first.message, expected="an entry as VIA writes it")
    try:
        given = [one.value for one in ViaFile.read(path, str(path)).entries]
    except DataError:  # VIA 3, or CSV
        given = []
    if given:
        return [one for one in given if isinstance(one, dict)]
    return [
        {"filename": one.filename, "size": one.photo_bytes, "regions": one.said, "file_attributes": {}}
        for one in found
    ]


def labels_of(regions: Sequence[Any], attribute: str | None) -> str:
    labels: Counter[str] = Counter()
    for one in regions:
        attributes = one.get("region_attributes") if isinstance(one, dict) else None
        if isinstance(attributes, dict) and attribute in attributes:
            labels[str(attributes[attribute])] += 1
    by_label = ", ".join(f"{label} {count}" for label, count in sorted(labels.items()))
    return counted(len(regions), "region") + (f" ({by_label})" if by_label else "")


def shortened(region: object) -> str:
    if region is None:
        return "one region less"
    text = json.dumps(region, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:159]}…"


def names_in(annotations: Path) -> list[str]:
    """The photos that a file of annotations is about, by the last part of their names."""
    return [name_of(one).rpartition("/")[2] for one in said_entries(annotations)]
