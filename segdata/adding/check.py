"""Reads the newcomers alone, as the conversion would: in a folder of links to them, with their annotations alone."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from segdata.adding.changes import Bad, Content, Merge, Newcomer
from segdata.adding.stores import OpenSet
from segdata.conversion.plan import look_of
from segdata.conversion.sources import set_aside
from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import open_reader
from segdata.photo import Photo, Resize

_LABEL_FILES = ("names", "labels")
"""Options that name a small text file, which says what the numbers in masks are called."""


@dataclass
class Checked:
    """What came of it.

    bad       what cannot be read, with the reason
    findings  what else was doubtful
    looks     sample id → perceptual hash of the image that it would become, 16 hex digits
    """

    bad: list[Bad] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    looks: dict[str, str] = field(default_factory=dict)


def check(opened: OpenSet, newcomers: Sequence[Newcomer], merge: Merge) -> Checked:
    """Read all that is new; messages name the files as they were given."""
    shards = opened.pipeline.shards
    resize = Resize(shards.size_hw, shards.photo, shards.exact)
    checked = Checked()
    for one in newcomers:
        if one.name not in merge.annotated and not one.is_there:
            try:
                image = Photo.open(one.path, str(one.path)).read(resize)
            except DataError as error:
                checked.bad.append(Bad(error.where, _reason(error), one.name))
            else:
                if opened.source.unannotated != "skip":
                    checked.looks[one.id] = look_of(image)
    if merge.annotated:
        with tempfile.TemporaryDirectory(prefix="segdata-add-") as folder:
            _lay_out(Path(folder), opened, merge)
            names = _Names(newcomers, merge, folder)
            try:
                _read(Path(folder), opened, merge, resize, names, checked)
            except DataError as error:
                # such as a list of names: it concerns all of them
                said = f"{names.of(error.where)}: {_reason(error)}"
                checked.bad += [Bad(names.of(place), said, place) for place in merge.annotated]
    return checked


class _Names:
    """What the files in the folder of links were called when they were given."""

    def __init__(self, newcomers: Sequence[Newcomer], merge: Merge, folder: str) -> None:
        self._given = {one.name: str(one.path) for one in newcomers}
        self._given |= {place: str(path) for place, path in merge.given.items()}
        self._masks, self._start = merge.masks, f"{folder}/"

    def of(self, where: str) -> str:
        where = where.removeprefix(self._start)
        if where in self._given:
            return self._given[where]
        file, colon, entry = where.partition(": ")  # of files with entries
        return self._given.get(file, file) + colon + entry

    def about(self, finding: Finding) -> Finding:
        return msgspec.structs.replace(finding, file=self.of(finding.file))

    def bad(self, error: DataError, photo: str) -> Bad:
        """A photo or its annotation that cannot be read. A mask of another size is the mask's fault, not the photo's."""
        mask = self._masks.get(photo) if error.found.startswith("a mask of ") else None
        return Bad(self.of(error.where) if mask is None else str(mask), _reason(error), photo)


def _lay_out(folder: Path, opened: OpenSet, merge: Merge) -> None:
    files: Mapping[str, Content] = dict(merge.annotated) | dict(merge.alone)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.symlink_to(content.absolute())
    for option in _LABEL_FILES:
        said = opened.source.options.get(option)
        if isinstance(said, str) and (opened.source.root / said).is_file():
            (folder / said).parent.mkdir(parents=True, exist_ok=True)
            if not (folder / said).exists():
                (folder / said).symlink_to((opened.source.root / said).absolute())


def _read(
    folder: Path, opened: OpenSet, merge: Merge, resize: Resize, names: _Names, checked: Checked
) -> None:
    source = dataclasses.replace(opened.source, root=folder, options=merge.options)
    reader = open_reader(opened.pipeline.source.format, source)
    ids = set(reader.ids())
    about = {place: [one for one in reader.findings if one.file == place] for place in merge.annotated}
    others = [one for one in reader.findings if one.file not in about]
    checked.findings += map(names.about, others)
    for place in merge.annotated:
        id = merge.ids[place]
        if id not in ids:
            said = about[place] or [one for one in others if one.severity == "error"]
            reason = "; ".join(one.message for one in said) or "nothing that the reader takes as a sample"
            if any(one.code == "not-annotated" for one in about[place]):
                checked.findings += map(names.about, about[place])
            else:
                checked.bad.append(Bad(names.of(place), reason, place))
            continue
        try:
            sample = reader.read(id, resize)
        except DataError as error:
            checked.bad.append(names.bad(error, place))
        else:
            checked.findings += map(names.about, sample.findings)
            checked.looks[id] = look_of(sample.image)


def _reason(error: DataError) -> str:
    place = f"{error.place}: " if error.place else ""
    return place + set_aside(error).message
