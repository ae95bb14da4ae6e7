"""A raw folder that has stayed behind its .dvc file: git brought another version of that, and nobody ran `dvc pull`.

DVC takes such a folder for edited: the next `dvc repro` or `dvc add` writes the old photos' digest over the new one, and
whoever pulls it loses what somebody else had added, without a word. So whatever builds on a raw folder asks here first.

Two things give it away. The .dvc file is another than git's index has, and that of an earlier commit: DVC has written it
over already. Or it is git's, and the folder has other numbers of files and bytes than it states, and those, the names and
the contents of an earlier commit, whose list DVC's cache has. What segdata itself wrote is meant. A folder that was edited
since is not recognised, nor one of which DVC tracks a part, or a folder above.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import quote

import msgspec
import yaml

from segdata.atomic import replace_file
from segdata.dvc_files import Tracked, listed_files
from segdata.errors import ConfigError, DataError, ShardError
from segdata.git import INDEX, Commit, file_at, files_of_git, versions_of
from segdata.project import Project


class _Out(msgspec.Struct):
    md5: str
    hash: str | None = None
    nfiles: int | None = None
    size: int | None = None


class _Pointer(msgspec.Struct):
    outs: list[_Out] = []


def require_current(project: Project, name: str) -> None:
    """`require_current_folder` of the raw folder of a pipeline."""
    root = os.path.normpath(project.root / project.pipeline(name).source.root)
    require_current_folder(project, Path(os.path.relpath(root, project.root)).as_posix())


def require_current_folder(project: Project, folder: str) -> None:
    """Raises DataError where a raw folder (relative to the project) is that of another commit than its .dvc file."""
    commit = left_behind(project, folder)
    if commit is None:
        return
    raise DataError(
        folder,
        found=f"the photos of commit {commit.short} ({commit.subject}), and {folder}.dvc in git's index is of another one",
        expected="those that it names there",
        fix=f"git checkout {folder}.dvc, and dvc pull {folder}.dvc, puts them there in place of these: else what others added "
        f"would be lost. If it is these that you want: dvc add {folder}, git add {folder}.dvc.",
    )


def all_left_behind(project: Project) -> list[str]:
    """Folders that are those of another commit than their .dvc files, relative to the project."""
    folders = [name.removesuffix(".dvc") for name in files_of_git(project.root, "*.dvc")]
    return [folder for folder in folders if left_behind(project, folder)]


def left_behind(project: Project, folder: str) -> Commit | None:
    """The commit whose photos lie in the folder in place of those that its .dvc file names in git; None: all is well.

    folder  relative to the project
    """
    root, pointer = project.root, f"{folder}.dvc"
    if not (root / pointer).is_file() or not (root / folder).is_dir():
        return None
    try:
        text = (root / pointer).read_text(encoding="utf-8", errors="replace")
        index = file_at(root, INDEX, pointer)
        now, stated = _out(text), _out(index)
        if now is None or stated is None:
            return None
        if now.md5 != stated.md5:
            return None if _is_meant(project, folder, text, index) else _commit_with(root, pointer, now)
        here = _sizes(root / folder)
        if (len(here), sum(here.values())) == (now.nfiles, now.size):
            return None
        for commit, old in versions_of(root, pointer):
            then = _out(old)
            if then is not None and _is_of(root, folder, here, then):
                return commit
    except (ConfigError, OSError, ShardError):
        return None  # no git here, a damaged list, a file that went while it was looked at: nobody can say
    return None


def _commit_with(root: Path, pointer: str, out: _Out) -> Commit | None:
    for commit, old in versions_of(root, pointer):
        then = _out(old)
        if then is not None and then.md5 == out.md5:
            return commit
    return None


def _is_of(root: Path, folder: str, here: dict[str, int], then: _Out) -> bool:
    """Whether the files are those of a version to the byte; the small ones, which differ first, are read first."""
    if (len(here), sum(here.values())) != (then.nfiles, then.size):
        return False
    listed = listed_files(root, Tracked(then.md5, then.hash is None))
    if listed is None or listed.keys() != here.keys():
        return False
    for name in sorted(here, key=lambda name: here[name]):
        place = listed[name]
        with (root / folder / name).open("rb") as file:
            if hashlib.file_digest(file, "md5").hexdigest() != place.parent.name + place.name:
                return False
    return True


def _sizes(folder: Path) -> dict[str, int]:
    """File, relative to the folder → its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for above, _, names in os.walk(folder, followlinks=True)
        for path in (Path(above, name) for name in names)
    }


def _out(pointer: str | None) -> _Out | None:
    try:
        (out,) = msgspec.convert(yaml.safe_load(pointer or ""), _Pointer).outs
    except (yaml.YAMLError, msgspec.ValidationError, ValueError, RecursionError):
        return None
    return out


class _Note(msgspec.Struct):
    """What a .dvc file was when segdata had written it, and what git's index had in its place then."""

    pointer: str
    index: str | None


def note_meant(project: Project, folder: str) -> None:
    """Remember that segdata itself wrote a folder's .dvc file as it is now."""
    text = (project.root / f"{folder}.dvc").read_text(encoding="utf-8", errors="replace")
    try:
        index = file_at(project.root, INDEX, f"{folder}.dvc")
    except ConfigError:
        return  # without git nobody asks
    with replace_file(_note(project, folder)) as temporary:
        temporary.write_bytes(msgspec.json.encode(_Note(text, index)))


def _is_meant(project: Project, folder: str, text: str, index: str | None) -> bool:
    """Whether segdata wrote the file in place of just what git has: a `git pull` since makes it stale."""
    try:
        return msgspec.json.decode(_note(project, folder).read_bytes(), type=_Note) == _Note(text, index)
    except (OSError, msgspec.MsgspecError):
        return False


def _note(project: Project, folder: str) -> Path:
    return project.scratch_dir("meant") / f"{quote(folder, safe='')}.json"
