"""What a pipeline has to export: the samples of its source at full size, or those of its shards.

From the source, the photo's own file is looked for, to be copied: it is the one whose bytes have the digest that the
reader states. Where none is found the photo's pixels are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from segdata.conversion import Conversion
from segdata.conversion.sources import set_aside
from segdata.digests import file_digest
from segdata.errors import ConfigError, DataError, nearest
from segdata.export.items import ExportItem
from segdata.findings import Finding
from segdata.formats._parts.photo_files import is_photo, list_files
from segdata.ontology import Ontology
from segdata.pipeline import Split
from segdata.project import Project
from segdata.shards.reader import ShardSet, ShardSplit
from segdata.splits import assign_splits, without_split


class RawSamples:
    """The samples of a pipeline's source. `findings` names those that could not be read, complete after iterating."""

    def __init__(
        self, project: Project, name: str, *, split: str | None = None, ids: Sequence[str] = ()
    ) -> None:
        """Raises ConfigError for an unknown id, DataError for a source that cannot be read at all."""
        conversion = Conversion.open(project, name)
        self._reader = conversion.reader
        source = conversion.pipeline.source
        self._root = project.root / source.root
        self.ontology: Ontology = source.build_ontology()
        self.findings: list[Finding] = []
        if not ids:
            self.findings += [found for found in self._reader.findings if found.severity == "error"]
        of_all = assign_splits(
            self._reader.ids(), source.splits, self._reader.official_split, conversion.where, conversion.root
        )
        self._splits: dict[str, Split] = {}
        for id in _chosen(list(of_all), ids, name):
            own = of_all[id]
            if own is None:
                self.findings.append(without_split(id, source.splits, name))
            elif split in (None, own):
                self._splits[id] = own
        self._found_before = len(self.findings)

    def __len__(self) -> int:
        return len(self._splits)

    def __iter__(self) -> Iterator[ExportItem]:
        del self.findings[self._found_before :]  # those of an earlier pass
        photos = self._photos_by_stem()
        for id, split in self._splits.items():
            try:
                sample = self._reader.read(id)
                photo = self._file_of(id, photos)
            except DataError as error:
                self.findings.append(set_aside(error))
                continue
            yield ExportItem(id, split, sample.mask, sample.image if photo is None else photo)

    def _photos_by_stem(self) -> dict[str, list[Path]]:
        """Photo files of the source by the last part of their names without extension."""
        found: dict[str, list[Path]] = {}
        for name, path in list_files(self._root, self._root, []).items():
            if is_photo(name):
                found.setdefault(PurePosixPath(name).stem, []).append(path)
        return found

    def _file_of(self, id: str, photos: dict[str, list[Path]]) -> Path | None:
        last = id.rpartition("/")[2]
        candidates = [*photos.get(last, []), *photos.get(f"{last}_leftImg8bit", [])]
        digest = self._reader.fingerprint(id).photo if candidates else ""
        return next((path for path in candidates if file_digest(path) == digest), None)


class ShardSamples:
    """The samples of a pipeline's shard set, at their size there."""

    def __init__(
        self, project: Project, name: str, *, split: str | None = None, ids: Sequence[str] = ()
    ) -> None:
        """Raises ConfigError for an unknown id, ShardError for a set that is absent or damaged."""
        shards = ShardSet.open(project.shards_dir(name))
        self.ontology: Ontology = shards.ontology
        self.findings: list[Finding] = []
        parts: dict[str, ShardSplit] = {part: shards.split(part) for part in shards.splits}
        places = {id: (part, row) for part in parts for row, id in enumerate(parts[part].ids)}
        self._parts = parts
        self._places = {
            id: places[id] for id in _chosen(sorted(places), ids, name) if split in (None, places[id][0])
        }

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[ExportItem]:
        for id, (part, row) in self._places.items():
            shard = self._parts[part]
            yield ExportItem(id, _split(part), shard.mask_at(row), shard.image_at(row))


def open_samples(
    project: Project,
    name: str,
    *,
    origin: str | None = None,
    split: str | None = None,
    ids: Sequence[str] = (),
) -> RawSamples | ShardSamples:
    """The samples of a pipeline from its "raw" source or its "shards"; None: the source where its folder is there."""
    if origin is None:
        origin = "raw" if (project.root / project.pipeline(name).source.root).is_dir() else "shards"
    kind = RawSamples if origin == "raw" else ShardSamples
    return kind(project, name, split=split, ids=ids)


def _split(name: str) -> Split:
    assert name in ("train", "val", "test"), name
    return name  # type: ignore[return-value]


def _chosen(all_ids: Sequence[str], wanted: Sequence[str], pipeline: str) -> list[str]:
    """The wanted ids in their own order, once each, or all of them. Raises ConfigError for one that is not there."""
    known = set(all_ids)
    for id in wanted:
        if id not in known:
            raise ConfigError(
                f"pipeline {pipeline}",
                found=f"no sample {id!r}",
                expected=_near(id, all_ids),
                fix="Look at the id.",
            )
    return list(dict.fromkeys(wanted)) if wanted else list(all_ids)


def _near(id: str, all_ids: Sequence[str]) -> str:
    sentence = nearest(id, all_ids)
    return sentence if len(all_ids) <= 20 else sentence.partition(" Valid:")[0]
