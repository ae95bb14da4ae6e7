"""Open a pipeline's source, and say what became of a sample that could not be read."""

from __future__ import annotations

from pathlib import Path

from segdata.errors import DataError, SegdataError, UnmappedLabelError
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.pipeline import Source


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


def set_aside(error: SegdataError) -> Finding:
    """The finding that stands for a sample that could not be read."""
    message = f"found {error.found}" + (f"; expected {error.expected}" if error.expected else "")
    code = "unmapped-label" if isinstance(error, UnmappedLabelError) else "unreadable"
    return Finding(code, error.where, error.place, message, "set aside", "error")
