"""What a change of a raw folder makes stale: its DVC pointer, and which pipelines, photos and shards are made again.

Nothing is read for it but manifests: shards are decided by ids alone, so the ids say which shards change.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping
from importlib.util import find_spec
from pathlib import Path

from segdata.errors import SegdataError, ShardError
from segdata.left_behind import note_meant
from segdata.pipeline import Pipeline, SeededSplits
from segdata.project import Project
from segdata.shards.boundaries import group_into_shards, target_rows
from segdata.shards.manifest import Manifest, read_manifest
from segdata.splits import assign_splits
from segdata.wording import counted


def update_pointer(project: Project, root: Path) -> list[str]:
    """Run `dvc add` where data/raw/<x>.dvc is there and dvc is installed; returns what was done or is to be done."""
    pointer = root.with_name(f"{root.name}.dvc")
    if not pointer.is_file():
        return []
    relative = Path(os.path.relpath(root, project.root)).as_posix()
    command = [sys.executable, "-m", "dvc"] if find_spec("dvc") else [shutil.which("dvc") or ""]
    if not command[-1]:
        return [f"dvc is not installed here: run dvc add {relative}"]
    done = subprocess.run(
        [*command, "add", "--quiet", relative], cwd=project.root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        return [f"dvc add {relative} failed ({' '.join(last)}): run it yourself"]
    note_meant(project, relative)
    return [f"{relative}.dvc updated"]


def stale(
    project: Project,
    root: Path,
    added: Mapping[str, str | None],
    changed: Collection[str],
    gone: Collection[str],
) -> list[str]:
    """One line per pipeline that reads this raw folder.

    added    id of a new sample → its official split, None where none was chosen
    changed  ids of samples whose annotation is another now
    """
    if not (added or changed or gone):
        return ["nothing is redone"]
    lines = []
    in_params = project.params().pipelines
    for name in project.pipeline_names():
        try:
            pipeline = project.pipeline(name)
        except SegdataError:
            continue
        if Path(os.path.normpath(project.root / pipeline.source.root)) != root:
            continue
        command = "dvc repro" if name in in_params else f"segdata convert {name}"
        lines.append(f"{command} redoes {name}: {_work(project, name, pipeline, added, changed, gone)}")
        counts = pipeline.source.expected_counts
        if counts and (added or gone):
            lines.append(f"  source.expected_counts of pipelines/{name}.yaml says {dict(counts)}: change it")
        if isinstance(pipeline.source.splits, SeededSplits) and (added or gone):
            lines.append("  its splits are a seeded shuffle of all photos: others may change their split")
    return lines


def _work(
    project: Project,
    name: str,
    pipeline: Pipeline,
    added: Mapping[str, str | None],
    changed: Collection[str],
    gone: Collection[str],
) -> str:
    photos = f"{counted(len(added) + len(changed), 'photo')} to convert"
    try:
        manifest = read_manifest(project.shards_dir(name))
        shards = _shards(
            manifest, pipeline, (name, project.root / pipeline.source.root), added, changed, gone
        )
    except ShardError:
        return f"every photo, as it has no shards yet ({photos} of them new)"
    except SegdataError as error:
        return f"{photos}; {error}"
    return (
        f"{photos}, at most {shards} of {len(manifest.metadata.shards)} shards; then train, evaluate, report"
    )


def _shards(
    manifest: Manifest,
    pipeline: Pipeline,
    place: tuple[str, Path],
    added: Mapping[str, str | None],
    changed: Collection[str],
    gone: Collection[str],
) -> int:
    """Shards that are written anew or go: those whose ids change, or that hold a changed sample."""
    old = {row.id: row.split for row in manifest.rows}
    ids = sorted((old.keys() | added.keys()) - set(gone))
    official = old | dict(added)
    splits = assign_splits(ids, pipeline.source.splits, official.get, f"pipelines/{place[0]}.yaml", place[1])
    target = target_rows(pipeline.shards.size_hw, pipeline.shards.target_mib)

    def shards(members: Mapping[str, str | None]) -> set[tuple[str, ...]]:
        parts = {
            split: [id for id, one in members.items() if one == split] for split in set(members.values())
        }
        return {
            (str(split), *group)
            for split, part in parts.items()
            if split is not None
            for group in group_into_shards(part, target)
        }

    before, after = shards(dict(old)), shards(dict(splits))
    fresh = {group for group in after if group not in before or set(group[1:]) & set(changed)}
    return max(len(fresh), len(before - after))
