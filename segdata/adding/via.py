"""VIA: entries are put into the text of the source's own JSON file, and cut out of it; nothing else in it changes.

    + "IMG_0107.jpg201733": {"filename": "IMG_0107.jpg", "size": 201733, "regions": […], "file_attributes": {}}

Exports of VIA 1 and 2 and projects of VIA 2 take entries (of projects, _via_image_id_list too); the newcomers'
annotations may be any file that segdata reads. An entry gets the photo's place as its name and the size that the photo
has, so that its key is the one that VIA looks for.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from segdata.adding.changes import Bad, Choice, Merge, Newcomer, Removal
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
from segdata.digests import bytes_digest
from segdata.errors import ConfigError, DataError
from segdata.formats import OpenSource
from segdata.formats._parts.photo_files import composed, list_files, without_extension
from segdata.formats._parts.via_files import read_entries
from segdata.formats.via import Options

_ELSEWHERE = re.compile(r"^([A-Za-z]:)?/|^[A-Za-z][A-Za-z0-9+.-]*://")
_ID_LIST = "_via_image_id_list"


@dataclass
class _File:
    """A VIA file as text: where its entries stand. `ids` is VIA's own list of keys, of projects alone."""

    name: str
    text: str
    bom: bool
    at: int
    entries: list[Member]
    ids_at: int | None = None
    ids: Sequence[Member] = ()

    @classmethod
    def read(cls, path: Path, name: str) -> _File:
        """Raises DataError for what is no JSON of VIA 1 or 2."""
        try:
            raw = path.read_bytes()
            text = raw.removeprefix(b"\xef\xbb\xbf").decode()
            top = members(text, skip_space(text, 0))
        except (OSError, ValueError, RecursionError) as error:
            fix = "In VIA: Annotation > Export Annotations (as json)."
            raise DataError(
                name, found=f"no JSON object ({error})", expected="a JSON file of VIA 1 or 2", fix=fix
            ) from error
        keys = {member.key: member for member in top}
        if {"project", "view", "metadata", "file"} <= keys.keys():
            raise DataError(
                name,
                found="a project of VIA 3",
                expected="a JSON file of VIA 1 or 2, into which entries can be put",
                fix="Add the photos to the project in VIA, or export the set once: segdata export --to via.",
            )
        file = cls(name, text, raw.startswith(b"\xef\xbb\xbf"), skip_space(text, 0), top)
        if "_via_img_metadata" in keys:
            file.at = keys["_via_img_metadata"].value_start
            file.entries = members(text, file.at)
            if _ID_LIST in keys and isinstance(keys[_ID_LIST].value, list):
                file.ids_at = keys[_ID_LIST].value_start
                file.ids = members(text, file.ids_at)
        return file

    def encoded(self, text: str) -> bytes:
        return (b"\xef\xbb\xbf" if self.bom else b"") + text.encode()

    @property
    def numbered(self) -> bool:
        """Whether regions are VIA 1's objects {"0": …}."""
        return any(isinstance(_regions(one.value), dict) for one in self.entries)

    def without(self, which: set[int]) -> str:
        """The text without these entries, and without their keys in VIA's own list."""
        keys = {self.entries[number].key for number in which}
        listed = {number for number, one in enumerate(self.ids) if one.value in keys}
        return apply(self.text, [*cut(self.entries, which), *cut(self.ids, listed)])


def _regions(entry: object) -> object:
    return entry.get("regions") if isinstance(entry, dict) else None


def _listed(entry: object) -> list[Any]:
    regions = _regions(entry)
    return list(
        regions.values() if isinstance(regions, dict) else regions if isinstance(regions, list) else ()
    )


def _name_of(entry: object) -> str:
    name = entry.get("filename") if isinstance(entry, dict) else None
    return re.sub(r"^(\./)+", "", composed(name)) if isinstance(name, str) else ""


def said_entries(path: Path) -> list[dict[str, Any]]:
    """Entries of any VIA file as VIA 2 writes them, with all their keys. Raises DataError for entries that are none."""
    found, unreadable = read_entries(path, path.name)
    if unreadable:
        first = unreadable[0]
        raise DataError(
            path.name, place=first.place, found=first.message, expected="an entry as VIA writes it"
        )
    try:
        given = [one.value for one in _File.read(path, path.name).entries]
    except DataError:  # VIA 3, or CSV
        given = []
    if given:
        return [one for one in given if isinstance(one, dict)]
    return [
        {"filename": one.filename, "size": one.size, "regions": one.regions, "file_attributes": {}}
        for one in found
    ]


class Store:
    """A source of VIA files. Raises ConfigError where it has several and none was chosen."""

    def __init__(self, source: OpenSource, choice: Choice) -> None:
        self._source = source
        self._options = source.decode_options(Options)
        self._replace = choice.replace
        self._files = self._options.files()
        self.file = self._chosen(choice)
        home = posixpath.dirname(composed(self.file))
        self.photo_folder = posixpath.normpath(posixpath.join(home, composed(self._options.photos)))
        source.inside(self.photo_folder, named_by=f"{source.where}: source.options.photos")

    def _chosen(self, choice: Choice) -> str:
        fits = [
            file
            for file, split in self._files.items()
            if choice.file in (None, file) and (split is None or choice.split in (None, split))
        ]
        if len(fits) == 1:
            return fits[0]
        has_splits = isinstance(self._options.annotations, dict)
        listed = ", ".join(f"{file} ({split})" if split else file for file, split in self._files.items())
        raise ConfigError(
            self._source.where,
            place="source.options.annotations",
            found=listed,
            expected="one of them to be chosen",
            fix="Give --split." if has_splits else "Give --file FILE.",
        )

    def photo_name(self, relative: str) -> str:
        return posixpath.normpath(posixpath.join(self.photo_folder, relative))

    def id_of(self, name: str) -> str:
        home = posixpath.dirname(composed(self.file))
        return posixpath.join(home, without_extension(posixpath.relpath(name, self.photo_folder)))

    def merge(self, newcomers: Sequence[Newcomer], annotations: Path | None) -> Merge:
        options = dict(self._source.options)
        given = self._options.annotations
        options["annotations"] = (
            {split: file for split, file in given.items() if file == self.file}
            if isinstance(given, dict)
            else self.file
        )
        merge = Merge(options)
        if annotations is None:
            return merge
        path = self._source.need(self.file, "annotations exported from VIA")
        before = path.read_bytes()
        merge.read[self.file] = bytes_digest(before)
        file = _File.read(path, self.file)
        taken = self._entries_taken(file, said_entries(annotations), newcomers, merge)
        if not taken:
            return merge
        edits: list[Edit] = []
        new: list[tuple[str, object]] = []
        for entry, old in taken:
            key = f"{entry['filename']}{entry['size']}"
            if old is None:
                new.append((key, entry))
            else:
                edits.append(replace_value(file.text, old, dict(old.value) | entry))  # type: ignore[call-overload]
        if new:
            edits.append(insert_members(file.text, file.entries, file.at, new))
            if file.ids_at is not None:
                keys = [("", key) for key, _ in new]
                edits.append(insert_members(file.text, file.ids, file.ids_at, keys))
        merge.files[self.file] = file.encoded(apply(file.text, edits))
        alone = {f"{entry['filename']}{entry['size']}": entry for entry, _ in taken}
        merge.alone[self.file] = json.dumps(alone).encode()
        return merge

    def _entries_taken(
        self, file: _File, given: Sequence[dict[str, Any]], newcomers: Sequence[Newcomer], merge: Merge
    ) -> list[tuple[dict[str, Any], Member | None]]:
        """Entries to write, each with the one that it takes the place of."""
        there = {one.name: one.path for one in newcomers}
        there = self._photos_there() | there
        by_given = {composed(one.given): one.name for one in newcomers}
        old = {posixpath.join(self.photo_folder, _name_of(one.value)): one for one in file.entries}
        seen: dict[str, Any] = {}
        taken: list[tuple[dict[str, Any], Member | None]] = []
        for raw in given:
            place = self._place_of(raw, by_given, there, merge)
            if place is None:
                continue
            entry = self._renamed(raw, place, there[place], file.numbered)
            if place in seen:
                if _listed(seen[place]) != _listed(entry):
                    merge.bad.append(
                        Bad(place, "two entries in the annotation file contradict each other", place)
                    )
                continue
            seen[place] = entry
            before = old.get(place)
            if before is not None and not self._takes_the_place(before, entry, place, merge):
                continue
            merge.annotated[place] = there[place]
            merge.ids[place] = self.id_of(place)
            if str(raw.get("size")) not in ("-1", "None", "", str(entry["size"])):
                merge.said.append(
                    f"{place}: {entry['size']} bytes; VIA saw {raw.get('size')}: written with its size now"
                )
            taken.append((entry, before))
        return taken

    def _photos_there(self) -> dict[str, Path]:
        folder = self._source.root / self.photo_folder
        files = list_files(folder, self._source.root, []) if folder.is_dir() else {}
        return {
            posixpath.normpath(posixpath.join(self.photo_folder, name)): path for name, path in files.items()
        }

    def _place_of(
        self, raw: dict[str, Any], by_given: Mapping[str, str], there: Mapping[str, Path], merge: Merge
    ) -> str | None:
        """The photo that an entry is about; an entry of none is told."""
        name = _name_of(raw)
        if _ELSEWHERE.match(name):
            name = (unquote(re.split("[?#]", name)[0]) if "://" in name else name).rpartition("/")[2]
        place = posixpath.normpath(posixpath.join(self.photo_folder, name))
        if name in by_given:
            return by_given[name]
        if not name or "\0" in name or place.startswith("../"):
            reason = "leads out of the root folder; expected a path inside it"
            merge.bad.append(Bad(f"entry {raw.get('filename')!r}", reason))
            return None
        if place in there:
            return place
        merge.said.append(f"entry {raw.get('filename')!r}: no such photo here or among those given; left out")
        return None

    def _renamed(self, raw: dict[str, Any], place: str, path: Path, numbered: bool) -> dict[str, Any]:
        """The entry under its photo's place and size, with its regions in the target's manner."""
        regions = _listed(raw)
        return raw | {
            "filename": posixpath.relpath(place, self.photo_folder),
            "size": path.stat().st_size,
            "regions": {str(number): one for number, one in enumerate(regions)} if numbered else regions,
        }

    def _takes_the_place(self, old: Member, new: dict[str, Any], place: str, merge: Merge) -> bool:
        before, after = _listed(old.value), _listed(new)
        if before == after:
            merge.said.append(f"{place}: annotated alike already")
            return False
        if not after:
            merge.said.append(f"{place}: an entry without regions; the {len(before)} that are there stay")
            return False
        if not before:
            merge.said.append(f"{place}: its entry had no region; now {len(after)}")
            return True
        said = self._both(before, after)
        if not self._replace:
            merge.bad.append(
                Bad(place, f"annotated otherwise already\n{said}\n    --replace takes the new one", place)
            )
            return False
        merge.said.append(f"{place}: new annotation taken\n{said}")
        merge.replaced = [self.file]
        return True

    def _both(self, before: list[Any], after: list[Any]) -> str:
        """Two annotations of one photo, in counts and in the first regions that differ."""
        pairs = zip([*before, *[None] * len(after)], [*after, *[None] * len(before)], strict=True)
        first, second = next((a, b) for a, b in pairs if a != b)
        return "\n".join(
            f"    {what}: {_counted(regions, self._options.class_attribute)}; {_shortened(one)}"
            for what, regions, one in (("there", before, first), ("new  ", after, second))
        )

    def take_out(self, ids: Sequence[str]) -> Removal:
        """Photos with these ids, and their entries in whichever file names them."""
        removal = Removal()
        wanted = set(ids)
        found: set[str] = set()
        for name in self._files:
            self.file = name
            home = posixpath.dirname(composed(name))
            self.photo_folder = posixpath.normpath(posixpath.join(home, composed(self._options.photos)))
            places = {
                place: path for place, path in self._photos_there().items() if self.id_of(place) in wanted
            }
            path = self._source.need(name, "annotations exported from VIA")
            file = _File.read(path, name)
            which = set()
            for number, one in enumerate(file.entries):
                place = posixpath.normpath(posixpath.join(self.photo_folder, _name_of(one.value)))
                if _name_of(one.value) and (place in places or self.id_of(place) in wanted):
                    which.add(number)
                    found.add(self.id_of(place))
            found |= {self.id_of(place) for place in places}
            moves = [real.relative_to(self._source.root).as_posix() for real in places.values()]
            removal.moves += [one for one in moves if one not in removal.moves]
            if which:
                removal.files[name] = file.encoded(file.without(which))
                removal.read[name] = bytes_digest(path.read_bytes())
                out = {file.entries[number].key: file.entries[number].value for number in sorted(which)}
                removal.kept[name] = json.dumps(out, ensure_ascii=False, indent=1).encode(
                    errors="surrogatepass"
                )
        removal.unknown = sorted(wanted - found)
        return removal


def _counted(regions: Sequence[Any], attribute: str | None) -> str:
    labels: Counter[str] = Counter()
    for one in regions:
        attributes = one.get("region_attributes") if isinstance(one, dict) else None
        if isinstance(attributes, dict) and attribute in attributes:
            labels[str(attributes[attribute])] += 1
    by_label = ", ".join(f"{label} {count}" for label, count in sorted(labels.items()))
    return f"{len(regions)} region{'s' * (len(regions) != 1)}" + (f" ({by_label})" if by_label else "")


def _shortened(region: object) -> str:
    if region is None:
        return "one region less"
    text = json.dumps(region, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:159]}…"


def names_in(annotations: Path) -> list[str]:
    """The photos that a file of annotations is about, by the last part of their names."""
    return [_name_of(one).rpartition("/")[2] for one in said_entries(annotations)]
