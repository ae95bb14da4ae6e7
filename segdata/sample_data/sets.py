"""Writes a whole sample set, and never over anything that a person put there.

Each set carries a marker, SAMPLE.json, that says how it was drawn and what every file held then:

    {"generator": "5c1f…", "format": "via", "num_scenes": 48, "size_hw": [480, 640], "seed": 2012,
     "files": {"photos/IMG_0001.jpg": "9a3b…", …}}

A set that still is what its marker says may be drawn again; one that was edited is kept.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import msgspec

from segdata.digests import file_digest, source_digest, value_digest
from segdata.errors import ConfigError, DataError, nearest
from segdata.sample_data import matlab, via, voc
from segdata.sample_data.scene import Scene, draw_scene
from segdata.wording import size_text

FORMATS: tuple[str, ...] = ("via", "matlab", "cityscapes", "voc")
MARKER = "SAMPLE.json"
DRAWS_WITH = ("numpy", "opencv-python-headless", "pillow", "cityscapesscripts", "mat-io")
LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}  # what file browsers leave behind; not an edit

Outcome = Literal["drawn", "redrawn", "up to date", "kept"]


class Marker(msgspec.Struct, forbid_unknown_fields=True):
    """The content of SAMPLE.json."""

    generator: str
    format: str
    num_scenes: int
    size_hw: tuple[int, int]
    seed: int
    files: dict[str, str]

    def recipe(self) -> tuple[object, ...]:
        return self.generator, self.format, self.num_scenes, self.size_hw, self.seed


@dataclass(frozen=True)
class SampleSetResult:
    """What became of a sample set: the outcome, and a sentence about it."""

    root: Path
    outcome: Outcome
    message: str


def write_sample_set(
    format: str,
    root: Path,
    *,
    num_scenes: int = 48,
    size_hw: tuple[int, int] = (480, 640),
    seed: int = 2012,
) -> SampleSetResult:
    """Draw the scenes of one format into `root`, unless they are there or the folder was edited.

    The folder appears whole or not at all. Raises ConfigError for a format that is not in FORMATS or
    fewer than 4 scenes, DataError where `root` holds something that was not drawn here or its marker
    cannot be read.
    """
    _check(format, num_scenes)
    wanted = Marker(generator_digest(), format, num_scenes, size_hw, seed, {})
    outcome: Outcome = "drawn"
    if root.is_file() or (root.is_dir() and any(root.iterdir())):
        marker = _read_marker(root)
        edits = _edits(root, marker)
        if edits:
            return SampleSetResult(root, "kept", f"kept, edited since it was drawn: {edits}")
        if marker.recipe() == wanted.recipe():
            return SampleSetResult(root, "up to date", f"up to date: {num_scenes} scenes")
        outcome = "redrawn"
    root.parent.mkdir(parents=True, exist_ok=True)
    part = root.with_name(f".{root.name}.part-{os.getpid()}")
    old = root.with_name(f".{root.name}.old-{os.getpid()}")
    try:
        part.mkdir()
        _write(format, part, _draw(format, num_scenes, size_hw, seed), num_scenes)
        wanted.files = _digests(part)
        (part / MARKER).write_bytes(msgspec.json.format(msgspec.json.encode(wanted), indent=1) + b"\n")
        if root.exists():
            root.rename(old)
        part.rename(root)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if root.exists():
            shutil.rmtree(old, ignore_errors=True)
        elif old.exists():
            old.rename(root)
    return SampleSetResult(root, outcome, f"{outcome}: {num_scenes} scenes of {size_text(size_hw)}")


def iter_truth(
    format: str, num_scenes: int = 48, size_hw: tuple[int, int] = (480, 640), seed: int = 2012
) -> Iterator[tuple[str, Scene]]:
    """The scenes of a set again, each with its sample id and the mask that the format's own files say.

    Masks hold 0 … 8 in the order of CLASSES and 255; those of `voc` hold 0 (background), 1 … 9 and 255.
    The image is the drawn one, before JPEG.
    """
    _check(format, num_scenes)
    for name, scene in _draw(format, num_scenes, size_hw, seed):
        if format == "cityscapes":
            from segdata.sample_data import cityscapes

            yield name, cityscapes.truth(scene)
        else:
            yield name, voc.truth(scene) if format == "voc" else scene


def generator_digest() -> str:
    """SHA-256 over this package's code and the versions of the libraries that draw and encode."""
    return value_digest(
        [source_digest(Path(__file__).parent.glob("*.py")), [_version(name) for name in DRAWS_WITH]]
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _check(format: str, num_scenes: int) -> None:
    if format not in FORMATS:
        raise ConfigError("sample data", found=f"format {format!r}", fix=nearest(format, FORMATS))
    if num_scenes < 4:
        raise ConfigError(
            "sample data", found=f"{num_scenes} scenes", expected="4 or more, to have some of every split"
        )


def _draw(format: str, num_scenes: int, size_hw: tuple[int, int], seed: int) -> Iterator[tuple[str, Scene]]:
    if format == "cityscapes":
        from segdata.sample_data.cityscapes import sample_id
    else:
        sample_id = {"via": via.sample_id, "matlab": matlab.sample_id, "voc": voc.sample_id}[format]
    for number in range(num_scenes):
        yield sample_id(number, num_scenes), draw_scene((format, seed, number), size_hw)


def _write(format: str, root: Path, scenes: Iterable[tuple[str, Scene]], num_scenes: int) -> None:
    if format == "cityscapes":
        from segdata.sample_data import cityscapes

        cityscapes.write(root, scenes, num_scenes)
    else:
        {"via": via.write, "matlab": matlab.write, "voc": voc.write}[format](root, scenes, num_scenes)


def _read_marker(root: Path) -> Marker:
    path = root / MARKER
    advice = "Give another folder, or move this one away and draw again."
    try:
        return msgspec.json.decode(path.read_bytes(), type=Marker)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(
            root, found=f"files but no {MARKER}", expected="an empty folder or a sample set", fix=advice
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(path, found=f"no marker of a sample set ({error})", fix=advice) from error


def _digests(root: Path) -> dict[str, str]:
    """SHA-256 of every file under `root`, by its path with forward slashes, sorted; without the marker."""
    paths = sorted(path for path in root.rglob("*") if path.is_file() and path.name not in LITTER)
    return {path.relative_to(root).as_posix(): file_digest(path) for path in paths if path != root / MARKER}


def _edits(root: Path, marker: Marker) -> str:
    """What a person changed since the set was drawn, in words; empty where nothing."""
    found = _digests(root)
    changes = {
        "added": sorted(found.keys() - marker.files.keys()),
        "deleted": sorted(marker.files.keys() - found.keys()),
        "changed": sorted(
            name for name in found.keys() & marker.files.keys() if found[name] != marker.files[name]
        ),
    }
    parts = []
    for verb, names in changes.items():
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            parts.append(f"{verb} {', '.join(names[:3])}{more}")
    return "; ".join(parts)
