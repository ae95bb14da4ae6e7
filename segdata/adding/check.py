"""Reads the newcomers alone, as the conversion would: in a folder of links to them, with their annotations alone."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from segdata.adding.changes import Bad, Content, Merge, Newcomer
from segdata.adding.stores import OpenSet
from segdata.conversion.sources import set_aside
from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats import open_reader
from segdata.photo import Photo, Resize

_LABEL_FILES = ("names", "labels")
"""Options that name a small text file, which says what the numbers in masks are called."""


def check(opened: OpenSet, newcomers: Sequence[Newcomer], merge: Merge) -> tuple[list[Bad], list[Finding]]:
    """What cannot be read, with the reason, and what else was doubtful."""
    shards = opened.pipeline.shards
    resize = Resize(shards.size_hw, shards.photo, shards.exact)
    bad: list[Bad] = []
    findings: list[Finding] = []
    for one in newcomers:
        if one.name not in merge.annotated and not one.is_there:
            try:
                Photo.open(one.path, one.name).read(resize)
            except DataError as error:
                bad.append(Bad(one.name, _reason(error), one.name))
    if merge.annotated:
        with tempfile.TemporaryDirectory(prefix="segdata-add-") as folder:
            _lay_out(Path(folder), opened, merge)
            try:
                _read(Path(folder), opened, merge, resize, bad, findings)
            except DataError as error:
                # such as a list of names: it concerns all of them
                bad += [Bad(place, f"{error.where}: {_reason(error)}", place) for place in merge.annotated]
    return bad, findings


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
    folder: Path, opened: OpenSet, merge: Merge, resize: Resize, bad: list[Bad], findings: list[Finding]
) -> None:
    source = dataclasses.replace(opened.source, root=folder, options=merge.options)
    reader = open_reader(opened.pipeline.source.format, source)
    ids = set(reader.ids())
    about = {place: [one for one in reader.findings if one.file == place] for place in merge.annotated}
    others = [one for one in reader.findings if one.file not in about]
    findings += others
    for place in merge.annotated:
        id = merge.ids[place]
        if id not in ids:
            said = about[place] or [one for one in others if one.severity == "error"]
            reason = "; ".join(one.message for one in said) or "nothing that the reader takes as a sample"
            if any(one.code == "not-annotated" for one in about[place]):
                findings += about[place]
            else:
                bad.append(Bad(place, reason, place))
            continue
        try:
            findings += reader.read(id, resize).findings
        except DataError as error:
            bad.append(Bad(place, f"{error.where}: {_reason(error)}", place))


def _reason(error: DataError) -> str:
    place = f"{error.place}: " if error.place else ""
    return place + set_aside(error).message
