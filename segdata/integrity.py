"""Is a shard set what its manifest says, byte for byte, and can what is damaged be made again?

    train-4be1f07a9c3d5e21.arrow: sample IMG_0003, image: other pixels than the manifest's digest states

Opening a set checks names and sizes; `verify` reads every byte. `repair` makes damaged shards again from the source,
and nothing else, so that the set is afterwards as it was before.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa

from segdata.conversion import Conversion, one_conversion
from segdata.conversion.remake import remake
from segdata.digests import bytes_digest, file_digest
from segdata.errors import DataError, ShardError
from segdata.project import Project
from segdata.shards.manifest import Manifest, read_manifest
from segdata.shards.reader import map_shard, shard_ids, shard_metadata
from segdata.shards.schema import SampleRow, ShardEntry
from segdata.wording import counted


@dataclass(frozen=True)
class Damage:
    """Something in a shard that is not as the manifest says; id and column are empty where the file as a whole is."""

    shard: str
    id: str
    column: str
    message: str

    def line(self) -> str:
        place = f"sample {self.id}, {self.column}: " if self.id else ""
        return f"{self.shard}: {place}{self.message}"


@dataclass(frozen=True)
class Verdict:
    """What `verify` read, and what was wrong with it."""

    samples: int
    shards: int
    bytes: int
    damages: tuple[Damage, ...]

    @property
    def damaged_shards(self) -> tuple[str, ...]:
        return tuple(sorted({damage.shard for damage in self.damages}))


@dataclass(frozen=True)
class Repair:
    """What was damaged, and how many samples had to be read from the source again."""

    before: Verdict
    read: int


def verify(folder: Path) -> Verdict:
    """Compare every byte of the shards with the manifest. Raises ShardError without a manifest that can be read."""
    manifest = read_manifest(folder)
    entries = manifest.metadata.shards
    damages = [damage for entry in entries for damage in _check(folder, manifest, entry)]
    size = sum(entry.bytes for entry in entries)
    return Verdict(len(manifest.rows), len(entries), size, tuple(damages))


def repair(project: Project, name: str) -> Repair:
    """Make what is damaged in a pipeline's set again, from its source; without damage, touch nothing.

    Raises DataError when the source is absent or no longer what the set was made from, ShardError when the manifest
    itself is damaged, SegdataError while another process converts the set.
    """
    with one_conversion(project, name):
        before = verify(project.shards_dir(name))
        if not before.damages:
            return Repair(before, 0)
        root = project.pipeline(name).source.root
        if not (project.root / root).is_dir():
            raise DataError(
                root,
                found=f"no such folder, and {counted(len(before.damaged_shards), 'shard')} to make again from it",
                expected="the originals of the set",
                fix=f"Run dvc pull {root}.dvc; or, where DVC keeps the shards, dvc checkout --force data/shards/{name}.",
            )
        manifest = read_manifest(project.shards_dir(name))
        return Repair(before, remake(Conversion.open(project, name), manifest, before.damaged_shards))


def _check(folder: Path, manifest: Manifest, entry: ShardEntry) -> list[Damage]:
    path = folder / entry.name
    rows = [row for row in manifest.rows if row.shard == entry.name]
    if not path.is_file():
        return [Damage(entry.name, "", "", "no such file")]
    try:
        digest = file_digest(path)
    except OSError as error:
        return [Damage(entry.name, "", "", f"cannot be read ({error.strerror})")]
    if digest == entry.digest:
        return _check_metadata(folder, manifest, entry)
    size = path.stat().st_size
    if size != entry.bytes:
        return [Damage(entry.name, "", "", f"{size} bytes; the manifest states {entry.bytes}")]
    try:
        damages = _check_samples(folder, entry, rows)
    except (ShardError, pa.ArrowException, ValueError) as error:
        found = error.found if isinstance(error, ShardError) else str(error)
        return [Damage(entry.name, "", "", f"cannot be opened: {found}")]
    if not damages:
        message = "all pixels hold, but bytes around them are not those that the manifest's digest states"
        return [Damage(entry.name, "", "", message)]
    return damages


def _check_metadata(folder: Path, manifest: Manifest, entry: ShardEntry) -> list[Damage]:
    """A sound shard repeats what the manifest says of all samples: the check on the manifest's own metadata."""
    said = shard_metadata(folder, entry)
    if said == msgspec.structs.replace(manifest.metadata, shards=()):
        return []
    raise ShardError(
        str(folder),
        found=f"a manifest that contradicts its sound shard {entry.name} about size, classes or version",
        expected="one written by segdata",
        fix="Convert again, or dvc checkout.",
    )


def _check_samples(folder: Path, entry: ShardEntry, rows: list[SampleRow]) -> list[Damage]:
    ids = shard_ids(folder, entry)
    images, masks = map_shard(folder, entry)
    damages = []
    for row in rows:
        if ids[row.row] != row.id:
            message = f"{ids[row.row]!r} in its place"
            damages.append(Damage(entry.name, row.id, "id", message))
        for column, pixels, stated in (
            ("image", images, row.image_digest),
            ("mask", masks, row.mask_digest),
        ):
            try:
                digest = bytes_digest(pixels[row.row].data)
            except ShardError as error:
                damages.append(Damage(entry.name, row.id, column, f"cannot be read: {error.found}"))
                continue
            if digest != stated:
                message = "other pixels than the manifest's digest states"
                damages.append(Damage(entry.name, row.id, column, message))
    return damages
