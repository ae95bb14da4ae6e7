"""A few photos of the split that the model was scored on, to try it with one click."""

from __future__ import annotations

from pathlib import Path

from segdata.errors import SegdataError
from segdata.export.inputs import RawSamples, ShardSamples, open_samples
from segdata.export.photo_files import BROWSER_SUFFIXES, write_photo
from segdata.project import Project
from segdata.shards import ShardSet
from segdata.survey import evenly_spaced

MOST_MIB = 8
"""Larger photos would make the page slow to open."""


def write_examples(project: Project, name: str, folder: Path, most: int) -> list[Path]:
    """Write up to `most` photos of the evaluated split below `folder`: the originals, else those of the shards.

    None where neither is at hand: a model can be served without its data.
    """
    split = project.pipeline(name).evaluate.split
    try:
        shards = ShardSet.open(project.shards_dir(name))
        ids = evenly_spaced(sorted(shards.split(split).ids), most) if split in shards.splits else []
        written: list[Path] = []
        for item in _open(project, name, ids) if ids else ():
            stem = folder / item.id.rpartition("/")[2]
            path = write_photo(item, stem, BROWSER_SUFFIXES, turned=True)
            if path.stat().st_size <= MOST_MIB << 20:
                written.append(path)
            else:
                path.unlink()
        return written
    except (SegdataError, OSError):
        return []


def _open(project: Project, name: str, ids: list[str]) -> RawSamples | ShardSamples:
    try:
        return open_samples(project, name, ids=ids)
    except SegdataError:  # the source has changed since
        return open_samples(project, name, origin="shards", ids=ids)
