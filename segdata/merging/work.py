"""What is to be done with each file of a raw folder that is merged."""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Iterator
from pathlib import Path

from segdata.adding.changes import Content
from segdata.adding.stores import OpenSet
from segdata.digests import file_digest
from segdata.errors import DataError
from segdata.formats._parts.listed import files_of
from segdata.formats._parts.photo_files import is_photo
from segdata.formats.via import Options
from segdata.formats.voc import Options as VocOptions
from segdata.merging.conflicts import Conflict, in_each_others_way, in_two_lists, who_did_what
from segdata.merging.entries import MergedFile, Side, merge_entries
from segdata.merging.lines import is_list, merge_lines, photos_in
from segdata.merging.trees import Tree, counts, three_way
from segdata.pipeline import SPLITS
from segdata.wording import counted

_JSON_OF_ONE_PHOTO = frozenset({"cityscapes", "labelme"})
_PLURAL = {"entry": "entries", "line": "lines"}


class Work:
    """take: file → where its new content lies, None: out; merged: files made of both; conflicts: what both changed, what
    a person decides first.
    """

    def __init__(self, opened: OpenSet, base: Tree, ours: Tree, theirs: Tree, prefer: Side | None) -> None:
        self._root, self._prefer = opened.source.root, prefer
        self._format = opened.pipeline.source.format
        self._base, self._ours, self._theirs = base, ours, theirs
        is_via = opened.pipeline.source.format == "via"
        named = files_of(opened.source.decode_options(Options).annotations) if is_via else {}
        self._of_entries = {posixpath.normpath(file) for file in named}
        self._lists = _split_lists(opened) if self._format == "voc" else []
        self.take, self._both = three_way(base, ours, theirs)
        self.merged: dict[str, MergedFile] = {}
        self.conflicts: list[Conflict] = []
        strays = [file for file in _files_in(self._root) if file not in ours and file not in theirs]
        self.said = (
            [f"{counted(len(strays), 'file')} that you had not committed go in with it, such as {strays[0]}"]
            if strays
            else []
        )
        self.read: dict[str, str] = {}

    def needed(self, side: str) -> list[Path]:
        """Contents of base or theirs without which nothing can be decided or done."""
        if side == "base":
            parted = [file for file in self._both if file in self._of_entries or is_list(file)]
            return [self._base[file] for file in parted if file in self._base]
        return [self._theirs[file] for file in (*self.take, *self._both) if file in self._theirs]

    def decide(self) -> None:
        """Take what only they changed; merge files of entries that both did; name the rest."""
        for file in self._both:
            ours, theirs = self._ours.get(file), self._theirs.get(file)
            merged = self._merged(file, ours, theirs) if ours and theirs else None
            if merged is not None:
                self.merged[file] = merged
                self.conflicts += [one.of(file) for one in merged.both]
                self.said += merged.said
                for how in dict.fromkeys(one.how for one in merged.decided):
                    names = [repr(one.what) for one in merged.decided if one.how == how]
                    self._decided(f"{file}: {', '.join(names)}, {how}")
                continue
            how = who_did_what(self._base.get(file), ours, theirs)
            by_prefer = bool(file in self._base and ours and theirs and self._is_of_one_photo(file))
            if self._prefer and by_prefer:
                self._decided(f"{file}, {how}")
                if self._prefer == "theirs":
                    self.take[file] = theirs
                continue
            self.conflicts.append(Conflict(f"{file}:", how, by_prefer))
        taken = (file for file, place in self.take.items() if place is not None)
        self.conflicts += in_each_others_way([*self._ours, *taken])
        self.conflicts += self._in_two_lists()
        self.conflicts.sort(key=lambda one: one.by_prefer)

    def _in_two_lists(self) -> list[Conflict]:
        """Of VOC, where the lists of the splits are known by their names: the reader refuses an id in two of them."""
        ours: dict[str, set[str]] = {}
        merged: dict[str, set[str]] = {}
        for file in self._lists:
            place = self._ours.get(file)
            before = b"" if place is None else (place if place.is_file() else self._root / file).read_bytes()
            taken = self.take.get(file, place)
            ours[file] = photos_in(before)
            if file in self.merged:
                merged[file] = photos_in(self.merged[file].content)
            elif taken == place:
                merged[file] = ours[file]
            else:
                merged[file] = set() if taken is None else photos_in(taken.read_bytes())
        return in_two_lists(ours, merged)

    def _is_of_one_photo(self, file: str) -> bool:
        """A photo, a mask, or a JSON file of a format that has one for each photo."""
        return is_photo(file) or (self._format in _JSON_OF_ONE_PHOTO and file.endswith(".json"))

    def _decided(self, what: str) -> None:
        self.said.append(f"{what}: {'yours' if self._prefer == 'ours' else 'theirs'} taken")

    def _merged(self, file: str, ours: Path, theirs: Path) -> MergedFile | None:
        """A file that both changed as one, where it holds many photos and they can be told apart."""
        here = ours if ours.is_file() else self._root / file
        if file in self._of_entries:
            return merge_entries(file, self._base.get(file), here, theirs, self._prefer)
        return merge_lines(self._base.get(file), here, theirs, self._prefer) if is_list(file) else None

    def require_whole(self, folder: str) -> None:
        """Raises DataError where files of the folder (relative to the project) lack that the merge leaves in it."""
        missing = [file for file in self._ours if file not in self.take and not (self._root / file).is_file()]
        if missing:
            raise DataError(
                missing[0],
                found=f"no such file; {counted(len(missing), 'file')} of your own commit not there",
                expected=f"{self._root.name} as you committed it",
                fix=f"git merge --abort, dvc pull {folder}.dvc, and merge again.",
            )

    def check_folder(self, settled: DataError | None) -> None:
        """What lies there is what was committed, as far as it is touched, and the cache is whole.

        Raises DataError; `settled` where a merge that is done is why something else lies there.
        """
        for file, place in self.take.items():
            if place is not None and _md5(place) != _md5_of(place):
                raise DataError(
                    file,
                    found=f"other bytes in DVC's cache ({place}) than its name says",
                    expected="the file as it was committed",
                    fix="Delete it there, run dvc fetch, and merge again.",
                )
        for file in [*self.take, *self.merged]:
            self._check(file, settled)

    def _check(self, file: str, settled: DataError | None) -> None:
        path, ours = self._root / file, self._ours.get(file)
        new = self.merged[file].content if file in self.merged else None
        if path.is_file():
            here = _md5(path)
            known = [_md5_of(place) for place in (ours, self.take.get(file)) if place]
            as_known = here in known or (new is not None and here == hashlib.md5(new).hexdigest())
        else:
            as_known = not os.path.lexists(path) and (ours is None or self.take.get(file, path) is None)
        if not as_known:
            raise settled or DataError(
                file,
                found="another file than the one that you committed",
                expected="yours as it was committed",
                fix="git merge --abort; commit it (dvc add, git commit), or dvc checkout --force; and merge again.",
            )
        self.read[file] = file_digest(path) if path.is_file() else ""

    def files(self) -> dict[str, Content]:
        """What to write, photos first and annotations last."""
        files: dict[str, Content] = {file: place for file, place in self.take.items() if place is not None}
        return files | {file: one.content for file, one in self.merged.items()}

    def taken(self) -> Iterator[str]:
        """What of theirs is taken, in words."""
        yield f"of theirs {counted(len(self.take), 'file')}: {counts(self.take, self._ours)}"
        for file, one in self.merged.items():
            number = len(one.added) + len(one.changed) + len(one.removed)
            yield (
                f"{file}: of theirs {counted(number, one.of, _PLURAL[one.of])}: {len(one.added)} added, "
                f"{len(one.changed)} changed, {len(one.removed)} removed"
            )


def _split_lists(opened: OpenSet) -> list[str]:
    options = opened.source.decode_options(VocOptions)
    return [] if options.splits else [f"{posixpath.normpath(options.lists)}/{split}.txt" for split in SPLITS]


def _files_in(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def _md5_of(place: Path) -> str:
    return place.parent.name + place.name
