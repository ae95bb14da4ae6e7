"""Open a pipeline's source, and say what became of a sample that could not be read."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path

from segdata.errors import ConfigError, DataError, SegdataError, UnmappedLabelError
from segdata.findings import Finding
from segdata.formats import OpenSource, Reader
from segdata.pipeline import Source
from segdata.shards.schema import SampleRow


def root_of(project: Path, source: Source, where: str) -> Path:
    """The source's folder. Raises ConfigError for one outside the project.

    A link inside the project may lead elsewhere (its owner made it); a path may not.
    """
    root = project / source.root
    if not Path(os.path.normpath(root)).is_relative_to(project):
        raise ConfigError(
            where, place="source.root", found=source.root, expected="a folder inside the project"
        )
    return root


def open_source(source: Source, root: Path, where: str) -> OpenSource:
    """Resolve a source: its folder must be there. Raises DataError naming it and what should lie in it."""
    if not root.is_dir():
        raise DataError(
            str(root),
            found="no such folder",
            expected=f"photos and annotations in {source.format} form",
            fix=f"Put them there, or set source.root in {where} (README: Your own photos).",
        )
    ontology = source.build_ontology()
    return OpenSource(
        where=where,
        root=root,
        ontology=ontology,
        label_map=source.build_label_map(ontology),
        exif=source.exif,
        unlabelled_id=ontology.id_of(source.unlabelled),
        unannotated=source.unannotated,
        options=source.options,
    )


def staging_of(root: Path) -> Path:
    """The folder beside a source's root that is there while segdata add or remove changes it."""
    return root.with_name(f".{root.name}.adding")


def require_rest(root: Path, where: str, name: str) -> None:
    """Raises DataError while a source is being changed, or after that was interrupted: it is neither old nor new then."""
    if staging_of(root).is_dir():
        raise DataError(
            where,
            found="a change by segdata add or remove that is under way, or was interrupted",
            expected="photos and annotations at rest",
            fix=f"Wait for it to end; an interrupted one is completed, or taken back, by: segdata add {name}",
        )


def require_same(reader: Reader, ids: Container[str], row: SampleRow, name: str) -> None:
    """Raises DataError for a sample whose photo or annotation is not what its shard was made from any more.

    ids  of the source
    """
    found = ""
    if row.id not in ids:
        found = "no such photo any more"
    else:
        fingerprint = reader.fingerprint(row.id)
        if fingerprint.photo != row.photo_digest:
            found = "another photo than the shard was made from"
        elif fingerprint.annotation != row.annotation_digest:
            found = "another annotation than the shard was made from"
    if found:
        raise DataError(
            row.id,
            found=found,
            expected="the source as it was at the last conversion",
            fix=f"Run segdata convert {name}, which brings the set up to date.",
        )


def set_aside(error: SegdataError) -> Finding:
    """The finding that stands for a sample that could not be read."""
    code = "unmapped-label" if isinstance(error, UnmappedLabelError) else "unreadable"
    return Finding(code, error.where, error.place, error.said, "set aside", "error")
