"""Formats with one mask file per photo: the mask is copied to where the reader expects it.

    masks       mask/IMG_0107.png                                    with the source's own name endings
    voc         SegmentationClass/2026_000107.png, and a line in ImageSets/Segmentation/<split>.txt
    cityscapes  gtFine/<split>/<city>/<id>_gtFine_labelIds.png
    matlab      labels/107.png, where the source has no gTruth.mat

`--annotations` is one mask, for one photo, or a folder with masks named like the photos.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from pathlib import Path

from segdata.adding.changes import Bad, Choice, Merge, Newcomer, Removal
from segdata.digests import bytes_digest, file_digest
from segdata.errors import ConfigError, DataError
from segdata.formats import OpenSource
from segdata.formats._parts.photo_files import composed, is_photo, list_files, without_extension


class PairedStore:
    """What the formats share; each says where photos and masks lie, and how they are called.

    photo_folder, mask_folder   relative to the root
    photo_suffix, mask_suffix   ends of the names before the extension that are no part of the id
    mask_endings                what a mask file may end in
    """

    photo_folder: str
    mask_folder: str
    photo_suffix = ""
    mask_suffix = ""
    mask_endings: tuple[str, ...] = (".png", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg", ".webp")
    prefix = ""

    def __init__(self, source: OpenSource, choice: Choice) -> None:
        self._source = source
        self._choice = choice
        self._open()
        for folder in (self.photo_folder, self.mask_folder):
            source.inside(folder, named_by=f"{source.where}: source.options")

    def _open(self) -> None:
        """Decode the options, and set the folders. Raises ConfigError where a choice lacks."""
        raise NotImplementedError

    def options_alone(self) -> dict[str, object]:
        """Options that read what is added, and nothing else."""
        return dict(self._source.options)

    def further(self, merge: Merge, newcomers: Sequence[Newcomer]) -> None:
        """Lists to write besides the masks."""

    def photo_name(self, relative: str) -> str:
        stem = without_extension(relative)
        if not stem.endswith(self.photo_suffix) or posixpath.basename(stem) == self.photo_suffix:
            raise DataError(
                relative, found="a photo's name", expected=f"one that ends in {self.photo_suffix!r}"
            )
        return posixpath.normpath(posixpath.join(self.photo_folder, relative))

    def stem_of(self, name: str) -> str:
        stem = without_extension(posixpath.relpath(name, self.photo_folder))
        return stem.removesuffix(self.photo_suffix)

    def id_of(self, name: str) -> str:
        return self.prefix + self.stem_of(name)

    def mask_name(self, name: str, mask: str) -> str:
        """The place of the mask of the photo at `name`; `mask` is the file that was given."""
        ending = mask[len(without_extension(mask)) :]
        return posixpath.normpath(
            posixpath.join(self.mask_folder, self.stem_of(name) + self.mask_suffix + ending)
        )

    def given_stem(self, mask: str) -> str:
        """What photo a mask file is named after."""
        return without_extension(mask).removesuffix(self.mask_suffix)

    def merge(self, newcomers: Sequence[Newcomer], annotations: Path | None) -> Merge:
        merge = Merge(self.options_alone())
        if annotations is not None:
            masks = self._masks_of(newcomers, annotations, merge)
            for one in newcomers:
                for mask in masks.get(one.name, ()):
                    self._take(one, mask, merge)
        self.further(merge, newcomers)
        return merge

    def _masks_of(
        self, newcomers: Sequence[Newcomer], annotations: Path, merge: Merge
    ) -> dict[str, list[Path]]:
        """Masks of each photo by its place; a mask of no photo is told. Raises DataError where nothing is there."""
        if annotations.is_file():
            files = {annotations.name: annotations}
        elif annotations.is_dir():
            files = list_files(annotations, annotations, [])
        else:
            raise DataError(
                annotations, found="no such file or folder", expected="a mask, or a folder of masks"
            )
        photos = {one.path.resolve() for one in newcomers}
        masks = {
            name: path
            for name, path in files.items()
            if name.lower().endswith(self.mask_endings) and path.resolve() not in photos
        }
        wanted: dict[str, str] = {}
        for one in newcomers:
            stem = composed(without_extension(one.given)).removesuffix(self.photo_suffix)
            for called in (stem, posixpath.basename(stem)):
                wanted[called] = one.name if wanted.get(called, one.name) == one.name else ""
        found: dict[str, list[Path]] = {}
        for name, path in masks.items():
            stem = self.given_stem(name)
            place = wanted.get(stem) or wanted.get(posixpath.basename(stem))
            if place is None and len(newcomers) == 1 and annotations.is_file():
                place = newcomers[0].name
            if place:
                found.setdefault(place, []).append(path)
            else:
                said = f"mask {name}: no photo of this name among those given; left out"
                merge.strangers[self.given_stem(name) + self.photo_suffix] = said
        return found

    def _take(self, one: Newcomer, mask: Path, merge: Merge) -> None:
        place = self.mask_name(one.name, mask.name)
        if place in merge.files:
            merge.bad.append(Bad(one.name, f"two masks: {merge.files[place]!s} and {mask}", one.name))
            return
        stem = without_extension(place)
        folder = (self._source.root / place).parent
        rivals = [path for path in folder.glob("*") if path.is_file() and is_photo(path.name)]
        rivals = [
            path for path in rivals if composed(without_extension(path.name)) == posixpath.basename(stem)
        ]
        if self.mask_folder == self.photo_folder and not self.mask_suffix:
            rivals = []
        names = [path.relative_to(self._source.root).as_posix() for path in rivals]
        if any(file_digest(path) == file_digest(mask) for path in rivals):
            merge.said.append(f"{names[0]}: the same mask is there already")
            return
        if rivals and not self._choice.replace:
            there, new = file_digest(rivals[0])[:12], file_digest(mask)[:12]
            both = f"    there: {names[0]}, {rivals[0].stat().st_size} bytes, SHA-256 {there}…\n"
            both += f"    new  : {mask}, {mask.stat().st_size} bytes, SHA-256 {new}…"
            merge.bad.append(
                Bad(
                    one.name,
                    f"another mask is there already\n{both}\n    --replace takes the new one",
                    one.name,
                )
            )
            return
        merge.replaced += names
        merge.read |= {name: file_digest(self._source.root / name) for name in names}
        merge.files[place] = merge.alone[place] = mask
        merge.given[place] = merge.masks[one.name] = mask
        merge.annotated[one.name] = one.path
        merge.ids[one.name] = one.id

    def masks_there(self, id: str) -> list[str]:
        """Masks of a sample, relative to the root."""
        folder = self._source.root / self.mask_folder
        files = list_files(folder, self._source.root, []) if folder.is_dir() else {}
        return [
            path.relative_to(self._source.root).as_posix()
            for name, path in files.items()
            if name.lower().endswith((*self.mask_endings, ".mat"))
            and without_extension(name).endswith(self.mask_suffix)
            and self.prefix + without_extension(name).removesuffix(self.mask_suffix) == id
        ]

    def photos_there(self, id: str) -> list[str]:
        folder = self._source.root / self.photo_folder
        files = list_files(folder, self._source.root, []) if folder.is_dir() else {}
        return [
            path.relative_to(self._source.root).as_posix()
            for name, path in files.items()
            if is_photo(name)
            and without_extension(name).endswith(self.photo_suffix)
            and self.id_of(posixpath.normpath(posixpath.join(self.photo_folder, name))) == id
        ]

    def take_out(self, ids: Sequence[str]) -> Removal:
        removal = Removal()
        for id in ids:
            files = dict.fromkeys([*self.masks_there(id), *self.photos_there(id)])
            removal.moves += files
            if not files:
                removal.unknown.append(id)
        return removal


def content_digest(path: Path) -> str:
    """Of a file that may not be there: "" then."""
    return bytes_digest(path.read_bytes()) if path.is_file() else ""


def lacking_split(where: str, found: str, splits: Iterable[str]) -> ConfigError:
    """Of a choice that lacks. `splits`: those that there are."""
    fix = f"Give --split {' | '.join(splits)}."
    return ConfigError(where, place="source", found=found, expected="one to be chosen", fix=fix)


def add_line(content: bytes, line: str) -> bytes:
    """A line at the end of a list, in the list's own manner: line ends, and whether the last one has one."""
    end = b"\r\n" if b"\r\n" in content else b"\n"
    if not content:
        return line.encode() + end
    return content + line.encode() + end if content.endswith(b"\n") else content + end + line.encode()


def drop_lines(content: bytes, ids: set[str]) -> bytes:
    """A list without the lines of these ids."""
    lines = content.splitlines(keepends=True)
    kept = [
        line for line in lines if composed(line.removeprefix(b"\xef\xbb\xbf").decode().strip()) not in ids
    ]
    if kept and not content.endswith(b"\n"):
        kept[-1] = kept[-1].rstrip(b"\r\n")
    return b"".join(kept)
