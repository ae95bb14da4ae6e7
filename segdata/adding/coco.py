"""COCO: images, annotations and unknown categories are put at the ends of the file's own lists, under new ids.

+ {"id": 140, "file_name": "roll7/IMG_0107.jpg", "width": 640, "height": 426}
+ {"id": 1769, "image_id": 140, "category_id": 18, "segmentation": […], …}     categories go by their names
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segdata.adding.changes import Bad, Choice, Merge, Newcomer, Removal
from segdata.adding.json_splice import Edit, Member, apply, cut, insert_members, members, skip_space
from segdata.digests import bytes_digest
from segdata.errors import ConfigError, DataError
from segdata.formats import OpenSource
from segdata.formats._parts.photo_files import composed, is_photo, list_files, without_extension
from segdata.formats.coco import Options
from segdata.wording import counted

_LISTS = ("images", "annotations", "categories")


@dataclass
class _File:
    """A COCO file as text: where its three lists begin, and their elements."""

    text: str
    at: dict[str, int]
    lists: dict[str, list[Member]]

    @classmethod
    def read(cls, path: Path, name: str) -> _File:
        """Raises DataError for what is no COCO instances file."""
        try:
            text = path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode()
            top = {one.key: one.value_start for one in members(text, skip_space(text, 0))}
            at = {key: top[key] for key in _LISTS}
            lists = {key: members(text, start) for key, start in at.items()}
        except (OSError, ValueError, KeyError, RecursionError) as error:
            found = f"no images, annotations and categories ({error})"
            raise DataError(name, found=found, expected="COCO instances") from error
        if not all(isinstance(one.value, dict) for part in lists.values() for one in part):
            raise DataError(name, found="an element that is no object", expected="COCO instances")
        return cls(text, at, lists)

    def values(self, key: str) -> list[dict[str, Any]]:
        return [one.value for one in self.lists[key]]  # type: ignore[misc]

    def next_id(self, key: str) -> int:
        ids = [one.get("id") for one in self.values(key)]
        return 1 + max((id for id in ids if isinstance(id, int)), default=0)

    def drawn(self, image: dict[str, Any]) -> list[dict[str, Any]]:
        """Annotations of an image, without ids, their categories by name."""
        names = {one.get("id"): one.get("name") for one in self.values("categories")}
        return [
            {key: value for key, value in one.items() if key not in ("id", "image_id", "category_id")}
            | {"category_id": names.get(one.get("category_id"))}
            for one in self.values("annotations")
            if one.get("image_id") == image.get("id")
        ]


class Store:
    """A source of COCO files. Raises ConfigError where each split has one and none was chosen."""

    def __init__(self, source: OpenSource, choice: Choice) -> None:
        self._source = source
        self._replace = choice.replace
        files = source.decode_options(Options).files()
        fits = [
            (file, folder, split)
            for file, folder, split in files
            if choice.file in (None, file) and (split is None or choice.split in (None, split))
        ]
        if len(fits) != 1:
            listed = ", ".join(f"{file} ({split})" if split else file for file, _, split in files)
            fix = choice.advice(split for _, _, split in files)
            raise ConfigError(source.where, found=listed, expected="one to be chosen", fix=fix)
        self.file, folder, self._split = fits[0]
        self.photo_folder = composed(folder)
        self._several = len({one[1] for one in files}) > 1
        for name in (self.file, self.photo_folder):
            source.inside(name, named_by=f"{source.where}: source.options")

    def photo_name(self, relative: str) -> str:
        return posixpath.normpath(posixpath.join(self.photo_folder, relative))

    def id_of(self, name: str) -> str:
        return without_extension(name if self._several else posixpath.relpath(name, self.photo_folder))

    def merge(self, newcomers: Sequence[Newcomer], annotations: Path | None) -> Merge:
        options = dict(self._source.options)
        if self._split is not None:
            options["annotations"] = {self._split: self.file}
            options["photos"] = {self._split: self.photo_folder}
        merge = Merge(options)
        if annotations is None:
            return merge
        path = self._source.need(self.file, "annotations in COCO's form")
        file, given = _File.read(path, self.file), _File.read(annotations, str(annotations))
        merge.given[self.file] = annotations
        by_given = {composed(one.given): one for one in newcomers}
        there = {self.photo_name(composed(str(one.get("file_name")))): one for one in file.values("images")}
        added: dict[str, list[dict[str, Any]]] = {key: [] for key in _LISTS}
        for image in given.values("images"):
            name = composed(str(image.get("file_name")))
            photo = by_given.get(name) or by_given.get(posixpath.basename(name))
            if self.photo_name(name).startswith("../"):
                merge.bad.append(
                    Bad(f"image {name!r}", "leads out of the root folder; expected a path inside it")
                )
            elif photo is None:
                merge.strangers[name] = f"image {name!r}: no photo of this name among those given; left out"
            elif photo.name in there:
                self._meet(file.drawn(there[photo.name]), given.drawn(image), photo, merge)
            elif photo.name in merge.annotated:
                merge.bad.append(Bad(photo.name, "two images of the annotation file name it", photo.name))
            else:
                self._take(file, given, image, photo, added)
                merge.annotated[photo.name], merge.ids[photo.name] = photo.path, photo.id
        if merge.annotated:
            edits: list[Edit] = [
                insert_members(file.text, file.lists[key], file.at[key], [("", one) for one in new])
                for key, new in added.items()
                if new
            ]
            raw = path.read_bytes()
            bom = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
            merge.read[self.file] = bytes_digest(raw)
            merge.files[self.file] = bom + apply(file.text, edits).encode()
            categories = [*file.values("categories"), *added["categories"]]
            merge.alone[self.file] = json.dumps(added | {"categories": categories}).encode()
        return merge

    def _meet(
        self, before: list[dict[str, Any]], after: list[dict[str, Any]], photo: Newcomer, merge: Merge
    ) -> None:
        """A photo that the file names already."""
        if before == after:
            merge.said.append(f"{photo.name}: annotated alike already")
            return
        both = f"    there: {_counted(before)}\n    new  : {_counted(after)}"
        fix = "segdata remove it first, then add it again (--replace does not reach into COCO files)"
        merge.bad.append(Bad(photo.name, f"annotated otherwise already\n{both}\n    {fix}", photo.name))

    def _take(
        self,
        file: _File,
        given: _File,
        image: dict[str, Any],
        photo: Newcomer,
        added: dict[str, list[dict[str, Any]]],
    ) -> None:
        categories = [*file.values("categories"), *added["categories"]]
        ids = {one.get("name"): one.get("id") for one in categories}
        names = {one.get("id"): one for one in given.values("categories")}
        new_id = file.next_id("images") + len(added["images"])
        file_name = posixpath.relpath(photo.name, self.photo_folder)
        added["images"].append(image | {"id": new_id, "file_name": file_name})
        for one in given.values("annotations"):
            if one.get("image_id") != image.get("id"):
                continue
            category = names.get(one.get("category_id"))
            if category is not None and category.get("name") not in ids:
                ids[category.get("name")] = file.next_id("categories") + len(added["categories"])
                added["categories"].append(category | {"id": ids[category.get("name")]})
            number = file.next_id("annotations") + len(added["annotations"])
            category_id = one.get("category_id") if category is None else ids[category.get("name")]
            added["annotations"].append(one | {"id": number, "image_id": new_id, "category_id": category_id})

    def take_out(self, ids: Sequence[str]) -> Removal:
        """Photos, their images and their annotations; categories stay."""
        removal, root = Removal(), self._source.root
        path = self._source.need(self.file, "annotations in COCO's form")
        file = _File.read(path, self.file)
        photos = list_files(root / self.photo_folder, root, [])
        places = {self.photo_name(name): real for name, real in photos.items() if is_photo(name)}
        moves = {place: real for place, real in places.items() if self.id_of(place) in ids}
        named = [self.photo_name(composed(str(one.get("file_name")))) for one in file.values("images")]
        images = {number for number, place in enumerate(named) if self.id_of(place) in ids}
        gone = [file.values("images")[number].get("id") for number in images]
        drawn = {n for n, one in enumerate(file.values("annotations")) if one.get("image_id") in gone}
        removal.moves = [real.relative_to(root).as_posix() for real in moves.values()]
        if images:
            edits = [*cut(file.lists["images"], images), *cut(file.lists["annotations"], drawn)]
            raw = path.read_bytes()
            bom = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
            removal.files[self.file] = bom + apply(file.text, edits).encode()
            removal.read[self.file] = bytes_digest(raw)
            out = {
                "images": [file.values("images")[number] for number in sorted(images)],
                "annotations": [file.values("annotations")[number] for number in sorted(drawn)],
                "categories": file.values("categories"),
            }
            removal.kept[self.file] = json.dumps(out, indent=1).encode()
        found = {self.id_of(place) for place in moves} | {self.id_of(named[number]) for number in images}
        removal.unknown = sorted(set(ids) - found)
        return removal


def _counted(drawn: Sequence[dict[str, Any]]) -> str:
    names = sorted({str(one.get("category_id")) for one in drawn})
    return f"{counted(len(drawn), 'annotation')} ({', '.join(names)})"


def names_in(annotations: Path) -> list[str]:
    """The photos that a COCO file is about, by the last part of their names."""
    images = _File.read(annotations, str(annotations)).values("images")
    return [posixpath.basename(composed(str(one.get("file_name")))) for one in images]
