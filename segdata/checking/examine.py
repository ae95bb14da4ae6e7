"""Examines a source as the conversion would read it, without writing a shard: examine → Examination."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segdata.checking.copies import find_copies
from segdata.checking.outcome import Check
from segdata.checking.reading import Seen, read_all
from segdata.checking.tallies import about_classes, about_masks, single_minded, sizes, tally
from segdata.conversion import Conversion
from segdata.conversion.doubts import about_colors
from segdata.conversion.leaks import Gate
from segdata.duplicates import DEFAULT_MAX_BITS
from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.photo_files import is_photo, list_files, without_extension
from segdata.kinds import group_findings
from segdata.photo import Photo
from segdata.project import Project
from segdata.splits import assign_splits, without_split


@dataclass(frozen=True, eq=False)
class Examination:
    """A check, and where its pictures come from: of photos that were read, a JPEG; of others, the file itself.

    pictures  id → JPEG that lies in the folder given to `examine`
    ids       finding → id of the photo that it was found in
    photos    id → a photo file that bears its name, relative to `root`
    """

    check: Check
    root: Path
    pictures: Mapping[str, Path]
    ids: Mapping[Finding, str]
    photos: Mapping[str, str]


def examine(
    project: Project,
    name: str,
    pictures: Path,
    *,
    jobs: int,
    start: Callable[[int], object] = lambda total: None,
    tick: Callable[[], object] = lambda: None,
) -> Examination:
    """Read every sample of the pipeline's source.

    pictures  existing folder for one small JPEG per photo
    start     told how many photos there are; `tick` is called after each
    Raises ConfigError for a wrong pipeline file, DataError for a source that cannot be read at all.
    """
    conversion = Conversion.open(project, name)
    pipeline, reader = conversion.pipeline, conversion.reader
    assigned = assign_splits(
        reader.ids(), pipeline.source.splits, reader.official_split, conversion.where, conversion.root
    )
    splits = {id: str(split) for id, split in assigned.items() if split is not None}
    start(len(splits))
    seen = read_all(conversion, splits, pictures, jobs, tick)
    near_bits = project.params().convert.near_duplicate_bits
    gate = Gate.of(pipeline.source, conversion.where)
    max_bits = DEFAULT_MAX_BITS if near_bits is None else near_bits
    copies = find_copies(seen, max_bits, gate.accepts, near_stops=near_bits is not None)
    read = [one for one in seen if one.pixels is not None]
    ontology = pipeline.source.build_ontology()
    split_rows, class_rows = tally(read, ontology)
    root = conversion.root
    files = _photo_files(root)
    turned = _turned(files)
    empty, single = single_minded(read, ontology)
    findings = [
        *reader.findings,
        *(without_split(id, pipeline.source.splits, name) for id, split in assigned.items() if split is None),
        *(finding for one in seen for finding in one.findings),
        *gate.unknown(list(splits)),
        *(group.finding() for group in copies),
        *about_masks(empty, single, pipeline),
        *about_colors(ontology, conversion.where),
        *about_classes(split_rows, class_rows, pipeline, conversion.where),
        *_about_turns(turned),
    ]
    check = Check(
        pipeline=name,
        title=pipeline.title,
        format=pipeline.source.format,
        root=pipeline.source.root,
        size_hw=pipeline.shards.size_hw,
        read=len(read),
        set_aside=sum(finding.action == "set aside" for finding in findings),
        near_bits=max_bits,
        splits=split_rows,
        classes=class_rows,
        sizes=sizes(read),
        exif_turns=dict(sorted(Counter(turned.values()).items())),
        nothing_labelled=tuple(empty),
        one_class=single,
        copies=tuple(copies),
        kinds=group_findings(findings),
    )
    return _with_pictures(check, root, files, seen)


def _with_pictures(check: Check, root: Path, files: Mapping[str, Path], seen: Sequence[Seen]) -> Examination:
    return Examination(
        check,
        root,
        {one.id: one.picture for one in seen if one.picture is not None},
        {finding: one.id for one in seen for finding in one.findings},
        _by_id(files, [one.id for one in seen if one.picture is None]),
    )


def _photo_files(root: Path) -> dict[str, Path]:
    """Photo and mask files below the root, by relative name."""
    try:
        files = list_files(root, root, [])
    except DataError:
        return {}  # the reader named what matters to it
    return {name: path for name, path in files.items() if is_photo(name)}


def _turned(files: Mapping[str, Path]) -> dict[str, int]:
    """Files that EXIF turns → their orientation, 2 to 8. Reads headers alone."""
    turned = {}
    for name, path in files.items():
        try:
            orientation = Photo.open(path, name).orientation
        except DataError:
            continue
        if orientation != 1:
            turned[name] = orientation
    return turned


def _by_id(files: Mapping[str, Path], ids: Sequence[str]) -> dict[str, str]:
    """The file to show for each id: one whose name ends in it, a JPEG (masks never are) before others."""
    wanted = set(ids)
    found: dict[str, str] = {}
    for name in sorted(files, key=lambda name: (not name.lower().endswith((".jpg", ".jpeg")), name)):
        parts = without_extension(name).split("/")
        for start in range(len(parts)):
            id = "/".join(parts[start:])
            if id in wanted:
                found.setdefault(id, name)
    return found


def _about_turns(turned: Mapping[str, int]) -> list[Finding]:
    return [
        Finding("exif-turned", file, "", f"EXIF orientation {orientation}", "turned upright")
        for file, orientation in turned.items()
    ]
