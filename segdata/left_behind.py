"""A raw folder that has stayed behind its .dvc file: git brought another version of that, and nobody ran `dvc pull`.

DVC takes such a folder for edited: the next `dvc repro` or `dvc add` writes the old photos' digest over the new one, and
whoever pulls it loses what somebody else had added, without a word. So whatever builds on a raw folder asks here first.

The .dvc file states how many files the folder has and how many bytes; a folder that has other numbers, and those of an
earlier commit, lies as it was then. What `segdata add`, `remove` and `merge` made of it themselves is no mistake.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import msgspec
import yaml

from segdata.atomic import replace_file
from segdata.errors import ConfigError, DataError
from segdata.git import INDEX, Commit, file_at, versions_of
from segdata.project import Project


class _Out(msgspec.Struct):
    nfiles: int | None = None
    size: int | None = None


class _Pointer(msgspec.Struct):
    outs: list[_Out] = []


_Numbers = tuple[int, int]
"""Files of a folder, and their bytes."""


def require_current(project: Project, name: str, *, edited: bool = False) -> None:
    """Raises DataError where the raw folder of a pipeline is that of an earlier commit than its .dvc file.

    edited  what counts is the .dvc file as it lies there, else as git has it in its index: what DVC rewrote since is not
            believed
    """
    root = project.root / project.pipeline(name).source.root
    folder = Path(os.path.relpath(root, project.root)).as_posix()
    commit = left_behind(project, folder, edited=edited)
    if commit is None:
        return
    raise DataError(
        folder,
        found=f"its photos as of commit {commit.short} ({commit.subject}), which {folder}.dvc has left behind since",
        expected="those that the file names",
        fix=f"git checkout {folder}.dvc, and dvc pull {folder}.dvc: else what others added would be lost. "
        f"If you do go back to the old ones: dvc add {folder}, git add {folder}.dvc.",
    )


def all_left_behind(project: Project) -> list[str]:
    """Folders in data/raw that are those of an earlier commit than their .dvc files, relative to the project."""
    pointers = sorted((project.root / "data" / "raw").glob("*.dvc"))
    folders = [path.with_suffix("").relative_to(project.root).as_posix() for path in pointers]
    return [folder for folder in folders if left_behind(project, folder)]


def left_behind(project: Project, folder: str, *, edited: bool = False) -> Commit | None:
    """The commit whose photos lie in the folder in place of those that its .dvc file names; None where all is well.

    folder  relative to the project
    """
    root, pointer = project.root, f"{folder}.dvc"
    if not (root / pointer).is_file() or not (root / folder).is_dir():
        return None
    text = (root / pointer).read_text(encoding="utf-8", errors="replace")
    try:
        stated = _numbers(text if edited else file_at(root, INDEX, pointer))
        here = None if stated is None else _numbers_of(root / folder)
        if here == stated or _is_meant(project, folder):
            return None
        for commit, old in versions_of(root, pointer):
            if _numbers(old) == here:
                return commit
    except (ConfigError, OSError):  # no git here, or a file that went while it was looked at
        return None
    return None


def note_meant(project: Project, folder: str) -> None:
    """Remember that segdata itself wrote a folder's .dvc file as it is now."""
    with replace_file(_note(project, folder)) as temporary:
        temporary.write_bytes((project.root / f"{folder}.dvc").read_bytes())


def _is_meant(project: Project, folder: str) -> bool:
    note = _note(project, folder)
    return note.is_file() and note.read_bytes() == (project.root / f"{folder}.dvc").read_bytes()


def _note(project: Project, folder: str) -> Path:
    return project.scratch_dir("meant") / f"{quote(folder, safe='')}.dvc"


def _numbers(pointer: str | None) -> _Numbers | None:
    try:
        (out,) = msgspec.convert(yaml.safe_load(pointer or ""), _Pointer).outs
    except (yaml.YAMLError, msgspec.ValidationError, ValueError, RecursionError):
        return None
    return None if out.nfiles is None or out.size is None else (out.nfiles, out.size)


def _numbers_of(folder: Path) -> _Numbers:
    sizes = [
        os.stat(Path(above, name)).st_size
        for above, _, names in os.walk(folder, followlinks=True)
        for name in names
    ]
    return len(sizes), sum(sizes)
