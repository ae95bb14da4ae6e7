"""Masks back into the files of an annotation tool, so that people go on where they drew: the mirror of the readers.

One file here is one format to write. What is written, segdata's own reader reads back to the same masks, pixel for
pixel; the `source` section that does so lies beside it as source.yaml.

>>> exported = export_samples(items, load_ontology("voc-21"), "via", Path("data/raw/mine-via"))
>>> exported.counts_line()
'48 photos (34 train, 7 val, 7 test) as via in data/raw/mine-via'
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, cast

from segdata.atomic import replace_folder
from segdata.conversion.leaks import Gate
from segdata.conversion.sources import set_aside
from segdata.errors import ConfigError, DataError, nearest
from segdata.export.items import Exported, ExportItem, Names, Target
from segdata.export.source_section import section, write_section
from segdata.export.via import DraftWriter
from segdata.export.via_project import Dialect
from segdata.ontology import Ontology

__all__ = ["FORMATS", "ExportItem", "Exported", "check_out", "export_samples", "open_target"]

FORMATS = ("via", "cityscapes", "voc", "coco", "masks")


def export_samples(
    items: Iterable[ExportItem],
    ontology: Ontology,
    to: str,
    out: Path,
    *,
    root: str | None = None,
    drafts: Dialect | None = None,
    accept_leaks: Literal["all"] | Sequence[str] = (),
) -> Exported:
    """Write all items below `out`, which appears when all is written. Holds one item at a time.

    to      one of FORMATS
    out     a folder that is absent or empty
    root    what source.yaml gives as the folder, relative to the project; default: data/raw/<name of out>
    drafts  to VIA: outlines to correct by hand, near the masks, in a set's own words; None: the very masks
    accept_leaks  as in the pipeline file of these ids: source.yaml accepts the same photos
    An item that cannot be written is set aside and listed. Raises ConfigError for classes or ids that the format
    cannot hold and for an `out` in use, DataError when nothing is left.
    """
    check_out(out)
    with replace_folder(out) as folder:
        target = open_target(to, folder, ontology, drafts)
        exported = Exported(to, out)
        names = Names(to)
        split_of_first: list[str | None] = []
        gate = Gate("all" if accept_leaks == "all" else tuple(accept_leaks), "")
        accepted: list[str] = []
        for item in items:
            _check_split(item, split_of_first, to)
            name = target.name(item)
            names.take(name, item.id)
            if gate.accepts(item.id):
                accepted.append(name)
            try:
                target.add(item, name)
            except DataError as error:
                exported.findings.append(set_aside(error))
                continue
            split = item.split or "all"
            exported.samples[split] = exported.samples.get(split, 0) + 1
        if not exported.samples:
            problems = "".join(f"\n  {finding.line()}" for finding in exported.findings[:20])
            raise DataError(f"export to {to}", found=f"not one photo to write{problems}")
        own = target.finish()
        if accepted:
            own = {**own, "accept_leaks": "all" if accept_leaks == "all" else accepted}
        exported.notes += target.notes
        official = "all" not in exported.samples
        exported.source = section(to, root or f"data/raw/{out.name}", ontology, own, official=official)
        write_section(folder / "source.yaml", exported.source, exported.notes)
    return exported


def open_target(to: str, folder: Path, ontology: Ontology, drafts: Dialect | None = None) -> Target:
    """The writer of a format. Raises ConfigError for an unknown format, or classes that it cannot hold."""
    if to not in FORMATS:
        raise ConfigError("export", place="--to", found=repr(to), expected=nearest(to, FORMATS))
    if drafts is not None:
        assert to == "via", to
        return DraftWriter(folder, ontology, drafts)
    return cast(Target, importlib.import_module(f"{__name__}.{to}").Writer(folder, ontology))


def check_out(out: Path, source_root: Path | None = None) -> None:
    """Nothing is ever written over, nor between a source's own files.

    Raises ConfigError unless the folder is absent or empty, and outside `source_root`.
    """
    found = ""
    if out.is_dir():
        found = "a folder that is not empty" if any(out.iterdir()) else ""
    elif out.exists() or out.is_symlink():
        found = "a file"
    if source_root is not None and out.resolve().is_relative_to(source_root.resolve()):
        found = f"a folder inside the source {source_root}"
    if found:
        raise ConfigError(str(out), found=found, expected="a new or an empty folder", fix="Name another one.")


def _check_split(item: ExportItem, first: list[str | None], to: str) -> None:
    """All items have a split, or none has."""
    if not first:
        first.append(item.split)
    if (first[0] is None) != (item.split is None):
        raise ConfigError(
            f"export to {to}",
            found=f"{item.id!r} of split {item.split}",
            expected="a split for all or for none",
        )
