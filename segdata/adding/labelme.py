"""LabelMe: one JSON file per photo, copied to where the source has its own; only a stale imagePath is written anew."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

from segdata.adding.changes import Bad, Choice, Merge, Newcomer, Removal
from segdata.adding.json_splice import apply, members, replace_value, skip_space
from segdata.digests import bytes_digest
from segdata.errors import DataError
from segdata.formats import OpenSource
from segdata.formats._parts.entries import wanted_paths
from segdata.formats._parts.photo_files import composed, is_photo, list_files, without_extension
from segdata.formats.labelme import Options
from segdata.wording import counted


class Store:
    """A source of LabelMe files."""

    def __init__(self, source: OpenSource, choice: Choice) -> None:
        self._source = source
        options = source.decode_options(Options)
        self.photo_folder, self._folder = composed(options.photos), composed(options.annotations)
        self._replace = choice.replace
        for folder in (self.photo_folder, self._folder):
            source.inside(folder, named_by=f"{source.where}: source.options")

    def photo_name(self, relative: str) -> str:
        return posixpath.normpath(posixpath.join(self.photo_folder, relative))

    def id_of(self, name: str) -> str:
        return without_extension(posixpath.relpath(name, self.photo_folder))

    def merge(self, newcomers: Sequence[Newcomer], annotations: Path | None) -> Merge:
        merge = Merge(dict(self._source.options))
        if annotations is None:
            return merge
        if annotations.is_dir():
            files = list_files(annotations, annotations, [])
        elif annotations.is_file():
            files = {annotations.name: annotations}
        else:
            raise DataError(annotations, found="no such file or folder", expected="LabelMe's JSON files")
        by_given = {composed(one.given): one for one in newcomers}
        by_last: dict[str, list[Newcomer]] = {}
        for one in newcomers:
            by_last.setdefault(posixpath.basename(composed(one.given)), []).append(one)
        for name, path in files.items():
            if not name.lower().endswith(".json"):
                continue
            said = _image_path(path)
            beside = posixpath.normpath(posixpath.join(posixpath.dirname(name), composed(said or "")))
            alike = by_last.get(posixpath.basename(composed(said or "")), [])
            photo = by_given.get(beside) or (alike[0] if len(alike) == 1 else None)
            if photo is None:
                about = posixpath.basename(composed(said)) if said else name
                merge.strangers[about] = f"{name}: no photo {said!r} among those given; left out"
            else:
                self._take(photo, path, merge)
        return merge

    def _take(self, photo: Newcomer, path: Path, merge: Merge) -> None:
        stem = self.id_of(photo.name)
        place = posixpath.normpath(posixpath.join(self._folder, f"{stem}.json"))
        if place in merge.files:
            merge.bad.append(Bad(photo.name, "two JSON files are about it", photo.name))
            return
        content = self._pointing(path, place, photo.name)
        there = self._source.root / place
        before = there.read_bytes() if there.is_file() else None
        if before == content:
            merge.said.append(f"{place}: the same annotation is there already")
            return
        if before is not None and not self._replace:
            both = f"    there: {place}, {_counted(before)}\n    new  : {path}, {_counted(content)}"
            reason = f"annotated otherwise already\n{both}\n    --replace takes the new one"
            merge.bad.append(Bad(photo.name, reason, photo.name))
            return
        merge.replaced += [place] if before is not None else []
        merge.read[place] = "" if before is None else bytes_digest(before)
        merge.files[place] = merge.alone[place] = content
        merge.given[place] = path
        merge.annotated[photo.name] = photo.path
        merge.ids[photo.name] = photo.id

    def _pointing(self, path: Path, place: str, photo: str) -> bytes:
        """The JSON file as it is, or with an imagePath that leads from its place to its photo."""
        raw = path.read_bytes()
        home = posixpath.dirname(place) or "."
        if photo in wanted_paths(_image_path(path) or "", home, self.photo_folder):
            return raw
        text = raw.removeprefix(b"\xef\xbb\xbf").decode()
        (one,) = [member for member in members(text, skip_space(text, 0)) if member.key == "imagePath"]
        return apply(text, [replace_value(text, one, posixpath.relpath(photo, home))]).encode()

    def take_out(self, ids: Sequence[str]) -> Removal:
        removal, root = Removal(), self._source.root
        photos = list_files(root / self.photo_folder, root, [])
        jsons = list_files(root / self._folder, root, [])
        for id in ids:
            found = [
                path.relative_to(root).as_posix()
                for files, fits in ((jsons, ".json"), (photos, ""))
                for name, path in files.items()
                if without_extension(name) == id and (name.lower().endswith(fits) if fits else is_photo(name))
            ]
            removal.moves += dict.fromkeys(found)
            if not found:
                removal.unknown.append(id)
        return removal


def _image_path(path: Path) -> str | None:
    """imagePath of a LabelMe file; None for a JSON file of another program. Raises DataError for no JSON."""
    try:
        text = path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode()
        said = [one.value for one in members(text, skip_space(text, 0)) if one.key == "imagePath"]
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            path, found=f"no JSON object ({error})", expected="a file that LabelMe wrote"
        ) from error
    return said[0] if len(said) == 1 and isinstance(said[0], str) else None


def _counted(content: bytes) -> str:
    text = content.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    try:
        shapes = [one.value for one in members(text, skip_space(text, 0)) if one.key == "shapes"]
    except (ValueError, RecursionError):
        return "which cannot be read"
    number = len(shapes[0]) if shapes and isinstance(shapes[0], list) else 0
    return counted(number, "shape")


def names_in(annotations: Path) -> list[str]:
    """The photo that a LabelMe file is about, by the last part of its name."""
    said = _image_path(annotations)
    return [posixpath.basename(composed(said))] if said else []
