"""Puts files into a raw folder and takes files out, all of it or nothing.

    data/raw/.mine.adding/new/photos/IMG_0107.jpg      copied here first, then renamed to data/raw/mine/photos/…
    data/raw/.mine.adding/journal.json                 {"what": "add", "puts": ["photos/IMG_0107.jpg", …], "moves": []}

The journal is written when everything is there and flushed. A command killed before that leaves the old state, and the
next `segdata add` or `segdata remove` of this source clears the folder away; one killed after it is completed by them.
Nothing is converted while the folder is there.
Files take their place by a rename: a hard or symbolic link into DVC's cache is replaced, never written through.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import msgspec

from segdata.adding.changes import Content
from segdata.atomic import only_one, replace_file, temporary_file
from segdata.conversion.sources import staging_of
from segdata.decode import CONFLICT, conflict_line
from segdata.digests import file_digest, value_digest
from segdata.errors import DataError, SegdataError
from segdata.left_behind import require_current_folder
from segdata.project import Project
from segdata.wording import counted

MERGE = "merge"


class Journal(msgspec.Struct, frozen=True):
    """What is to be done, in this order. Each step may be done twice.

    what   "add" or "remove"
    puts   files of new/ that take their place in the root
    moves  (file of the root, where it goes, relative to the project)
    read   files that `puts` replace → the digest that they had, "" for none
    """

    what: str
    puts: tuple[str, ...]
    moves: tuple[tuple[str, str], ...]
    read: dict[str, str] = {}


@contextlib.contextmanager
def one_at_a_time(project: Project, root: Path, *, merging: bool = False) -> Iterator[str | None]:
    """Hold this around every change of a raw folder. Yields what became of one that was interrupted, in words.

    merging  by `segdata merge`, the one that goes on while a merge of the .dvc file stands open
    Raises DataError for others then: nobody knows which of two folders lies there; and for a folder that git has left behind.
    """
    if not merging:
        _refuse_open_merge(project, root.with_name(f"{root.name}.dvc"))
    relative = os.path.relpath(root, project.root)
    lock = project.scratch_dir("locks") / f"raw-{value_digest(relative)[:16]}"
    with only_one(lock, f"change {relative}"):
        recovered = recover(project, root, merging=merging)
        if not merging and recovered is None:
            require_current_folder(project, Path(relative).as_posix())
        yield recovered


def _refuse_open_merge(project: Project, pointer: Path) -> None:
    if not pointer.is_file():
        return
    name = os.path.relpath(pointer, project.root)
    fix = "Finish the merge first: segdata merge NAME makes one folder of both (docs/how-to/team.md)."
    if line := conflict_line(pointer.read_text(errors="replace")):
        raise DataError(name, place=f"line {line}", **CONFLICT | {"fix": fix})
    with contextlib.suppress(OSError):  # no git, no merge
        asked = ["git", "ls-files", "--unmerged", "--", pointer.name]
        if subprocess.run(asked, cwd=pointer.parent, capture_output=True, check=False).stdout:
            raise DataError(
                name,
                found="a file whose merge stands open",
                expected="one that is merged",
                fix=f"{fix} Where you have settled it by hand, git add {name}.",
            )


def unfinished(root: Path) -> bool:
    """Whether an interrupted change waits here."""
    return staging_of(root).is_dir()


def recover(project: Project, root: Path, *, merging: bool = False) -> str | None:
    """Complete, or take back, what a killed command left. Returns what was done, None where there was nothing.

    A merge is begun anew by the next one, and completed by nobody else: it may have been given up since. Raises
    SegdataError for one, and where a file was changed since that would be replaced.
    """
    stage = staging_of(root)
    for done in stage.parent.glob(f"{stage.name}.*.partial"):
        shutil.rmtree(done, ignore_errors=True)
    if not stage.is_dir():
        return None
    try:
        journal = msgspec.json.decode((stage / "journal.json").read_bytes(), type=Journal)
    except FileNotFoundError:
        shutil.rmtree(stage)
        return "an interrupted change had not begun: cleared away"
    except msgspec.MsgspecError as error:
        raise SegdataError(
            str(stage / "journal.json"),
            found=f"a damaged journal ({error})",
            expected="one written by segdata",
            fix=f"Look into {stage}, and remove it when all that you need is in {root}.",
        ) from error
    if journal.what == MERGE:
        if not merging:
            raise SegdataError(
                os.path.relpath(stage, project.root),
                found="a segdata merge that was interrupted",
                expected="none",
                fix="Run segdata merge again while the merge of git stands open. Where it was given up (git merge --abort), "
                "remove that folder and run dvc checkout --force.",
            )
        shutil.rmtree(stage)
        return "an interrupted merge was begun anew"
    for name, digest in journal.read.items():
        _check_unchanged(root / name, stage / "new" / name, digest)
    _carry_out(project, root, journal)
    return f"an interrupted {journal.what} was completed: {counted(len(journal.puts) + len(journal.moves), 'file')}"


def commit(
    project: Project,
    root: Path,
    what: str,
    files: Mapping[str, Content],
    *,
    digests: Mapping[str, str],
    read: Mapping[str, str],
    moves: Mapping[str, str] | None = None,
) -> None:
    """Put `files` (relative to the root) in place, in this order, then move others away.

    digests  SHA-256 that a copied file must have: what was checked is what is put in
    read     files of the root that the new content was made from → their digest, "" for none
    Raises DataError, with nothing changed, when a file changed meanwhile; SegdataError when the disk is full.
    """
    stage = staging_of(root)
    journal = Journal(what, tuple(files), tuple((moves or {}).items()), dict(read))
    try:
        _stage(stage, files, digests)
        for name, digest in read.items():
            path = root / name
            if (file_digest(path) if path.is_file() else "") != digest:
                raise _changed(str(path))
        with replace_file(stage / "journal.json") as temporary:
            temporary.write_bytes(msgspec.json.encode(journal))
        _flush_folders(stage)
    except BaseException as error:
        if not (stage / "journal.json").exists():
            shutil.rmtree(stage, ignore_errors=True)
            if isinstance(error, OSError):
                raise _not_written(project, root, error) from error
        raise
    _carry_out(project, root, journal)


def _stage(stage: Path, files: Mapping[str, Content], digests: Mapping[str, str]) -> None:
    for name, content in files.items():
        copy = stage / "new" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        _write(copy, content)
        if name in digests and file_digest(copy) != digests[name]:
            raise _changed(str(content))


def _not_written(project: Project, root: Path, error: OSError) -> SegdataError:
    return SegdataError(
        Path(os.path.relpath(root, project.root)).as_posix(),
        found=f"that a copy beside it cannot be made ({os.strerror(error.errno) if error.errno else error})",
        expected="room for what is new, files that can be read, and permission to write",
        fix="All is as it was: nothing was put in or taken out.",
    )


def _check_unchanged(path: Path, new: Path, digest: str) -> None:
    """What a killed command would replace is as it was read, or replaced already: else somebody has worked on it since."""
    if not new.exists() or not path.is_file() or file_digest(path) in (digest, file_digest(new)):
        return
    raise SegdataError(
        str(path),
        found="a file that was changed since a command was interrupted, which would replace it",
        expected="it as it was",
        fix=f"The other version is {new}: merge the two by hand into {path.name}, and put the result in both places.",
    )


def _changed(path: str) -> DataError:
    return DataError(path, found="a file that changed meanwhile", expected="one at rest", fix="Run it again.")


def _carry_out(project: Project, root: Path, journal: Journal) -> None:
    stage = staging_of(root)
    for name in journal.puts:
        if (stage / "new" / name).exists():
            place(stage / "new" / name, root / name)
    for name, goal in journal.moves:
        if os.path.lexists(root / name):
            place(root / name, project.root / goal)
            _remove_empty((root / name).parent, root)
    done = stage.with_name(f"{stage.name}.{uuid4().hex}.partial")
    stage.replace(done)  # at once: a stage without its journal would be taken for one that had not begun
    shutil.rmtree(done, ignore_errors=True)


def place(path: Path, goal: Path) -> None:
    """Give a file another place by a rename; on another disk, or for a link, by a copy that is renamed there."""
    goal.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_symlink():
        try:
            path.replace(goal)
            return
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
    with replace_file(goal) as temporary:
        shutil.copyfile(path, temporary)
    path.unlink()


def keep_copy(path: Path, goal: Path) -> None:
    """A copy of a file that is about to be replaced."""
    goal.parent.mkdir(parents=True, exist_ok=True)
    _write(goal, path)


def _write(path: Path, content: Content) -> None:
    with temporary_file(path.parent) as temporary:
        if isinstance(content, bytes):
            temporary.write_bytes(content)
        else:
            shutil.copyfile(content, temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)


def _flush_folders(folder: Path) -> None:
    for one in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        handle = os.open(one, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove_empty(folder: Path, root: Path) -> None:
    """Folders that a removal left empty go too, below the one that holds the photos."""
    with contextlib.suppress(OSError):
        while folder.parent != root and folder != root:
            folder.rmdir()
            folder = folder.parent


def names_of(files: Sequence[str], most: int = 5) -> str:
    """Names in a sentence: the first few, and how many more."""
    more = f" and {len(files) - most} more" if len(files) > most else ""
    return ", ".join(files[:most]) + more
