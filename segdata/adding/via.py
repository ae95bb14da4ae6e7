"""VIA: entries are put into the text of the source's own JSON file, and cut out of it; nothing else in it changes.

    + "IMG_0107.jpg201733": {"filename": "IMG_0107.jpg", "size": 201733, "regions": […], "file_attributes": {}}

Exports of VIA 1 and 2 and projects of VIA 2 take entries (of projects, _via_image_id_list too); the newcomers'
annotations may be any file that segdata reads. An entry gets the photo's place as its name and the size that the photo
has, so that its key is the one that VIA looks for.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from segdata.adding.changes import Bad, Choice, Merge, Newcomer, Removal
from segdata.adding.json_splice import Edit, Member, apply, insert_members, replace_value
from segdata.adding.via_text import ViaFile, labels_of, listed, name_of, names_in, said_entries, shortened
from segdata.digests import bytes_digest
from segdata.errors import ConfigError
from segdata.formats import OpenSource
from segdata.formats._parts.entries import ELSEWHERE, ending_alike, path_part
from segdata.formats._parts.listed import files_of
from segdata.formats._parts.photo_files import composed, list_files, without_extension
from segdata.formats.via import Options

__all__ = ["Store", "names_in"]


class _Photos:
    """Photos by place, and their places by the last part of the name, by which URLs and absolute paths are found."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self.paths = paths
        self.last_names: dict[str, list[str]] = {}
        for place in paths:
            self.last_names.setdefault(posixpath.basename(place), []).append(place)


class Store:
    """A source of VIA files. Raises ConfigError where it has several and none was chosen."""

    def __init__(self, source: OpenSource, choice: Choice) -> None:
        self._source = source
        self._options = source.decode_options(Options)
        self._replace = choice.replace
        self._files = files_of(self._options.annotations)
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
        listed = ", ".join(f"{file} ({split})" if split else file for file, split in self._files.items())
        raise ConfigError(
            self._source.where,
            place="source.options.annotations",
            found=listed,
            expected="one of them to be chosen",
            fix=choice.advice(self._files.values()),
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
        merge.given[self.file] = annotations
        file = ViaFile.read(path, self.file)
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
        self, file: ViaFile, given: Sequence[dict[str, Any]], newcomers: Sequence[Newcomer], merge: Merge
    ) -> list[tuple[dict[str, Any], Member | None]]:
        """Entries to write, each with the one that it takes the place of."""
        there = _Photos(self._photos_there() | {one.name: one.path for one in newcomers})
        by_given = {composed(one.given): one.name for one in newcomers}
        old = {self._photo_of(name_of(one.value), there): one for one in file.entries}
        seen: dict[str, Any] = {}
        taken: list[tuple[dict[str, Any], Member | None]] = []
        for raw in given:
            place = self._place_of(raw, by_given, there, merge)
            if place is None:
                continue
            entry = self._renamed(raw, place, there.paths[place], file.numbered)
            if place in seen:
                if listed(seen[place]) != listed(entry):
                    merge.bad.append(
                        Bad(place, "two entries in the annotation file contradict each other", place)
                    )
                continue
            seen[place] = entry
            before = old.get(place)
            if before is not None and not self._takes_the_place(before, entry, place, merge):
                continue
            merge.annotated[place] = there.paths[place]
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
        self, raw: dict[str, Any], by_given: Mapping[str, str], there: _Photos, merge: Merge
    ) -> str | None:
        """The photo that an entry is about; an entry of none is told."""
        name = name_of(raw)
        last = posixpath.basename(path_part(name)) if ELSEWHERE.match(name) else name
        if last in by_given:
            return by_given[last]
        place = self._photo_of(name, there)
        if not name or "\0" in name or place.startswith("../"):
            reason = "leads out of the root folder; expected a path inside it"
            merge.bad.append(Bad(f"entry {raw.get('filename')!r}", reason))
            return None
        if place in there.paths:
            return place
        said = f"entry {raw.get('filename')!r}: no such photo here or among those given; left out"
        merge.strangers[name] = said
        return None

    def _photo_of(self, name: str, there: _Photos) -> str:
        """The photo that an entry's file name stands for, as the reader has it; there or not."""
        place = posixpath.normpath(posixpath.join(self.photo_folder, name))
        if place in there.paths or not ELSEWHERE.match(name):
            return place
        path = path_part(name)
        found = ending_alike(path, [self.photo_folder], there.last_names.get(posixpath.basename(path), ()))
        return found[0] if len(found) == 1 else place

    def _renamed(self, raw: dict[str, Any], place: str, path: Path, numbered: bool) -> dict[str, Any]:
        """The entry under its photo's place and size, with its regions in the target's manner."""
        regions = listed(raw)
        return raw | {
            "filename": posixpath.relpath(place, self.photo_folder),
            "size": path.stat().st_size,
            "regions": {str(number): one for number, one in enumerate(regions)} if numbered else regions,
        }

    def _takes_the_place(self, old: Member, new: dict[str, Any], place: str, merge: Merge) -> bool:
        before, after = listed(old.value), listed(new)
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
            f"    {what}: {labels_of(regions, self._options.class_attribute)}; {shortened(one)}"
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
            there = _Photos(self._photos_there())
            places = {place: path for place, path in there.paths.items() if self.id_of(place) in wanted}
            path = self._source.need(name, "annotations exported from VIA")
            file = ViaFile.read(path, name)
            which = set()
            for number, one in enumerate(file.entries):
                place = self._photo_of(name_of(one.value), there)
                if name_of(one.value) and (place in places or self.id_of(place) in wanted):
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
