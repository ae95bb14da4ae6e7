"""DVC at work in the middle of a merge: what a commit lists is fetched beside the folder, and the merged folder added.

Fetching touches nothing of the project. `dvc add` reads all .dvc files, of which none may hold a conflict: the folder's own
stands for ours meanwhile, and so do those of other folders. Of dvc.lock theirs is taken, as what it says follows from the
files that git merges: the next `dvc repro` writes it.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from segdata.atomic import replace_file
from segdata.decode import CONFLICT, conflict_line
from segdata.errors import DataError, SegdataError
from segdata.git import file_at, unmerged
from segdata.merging.trees import Sides, Tree

_LOCK = "dvc.lock"
_ENDINGS = (signal.SIGTERM, signal.SIGHUP)
_FETCH = """\
import sys
from dvc.exceptions import DvcException
from dvc.repo import Repo
try:
    repo = Repo()
    repo.fetch(targets=[sys.argv[1]], revs=[sys.argv[2]], workspace=False, config=repo.config)
except DvcException as error:
    sys.exit(f"{error}")
"""
"""`dvc fetch` of one commit, for which the command has no option. Of the working tree nothing is read but DVC's settings:
those of the commit may name a remote that has moved, and a relative one is not found by them (seen with DVC 3.67).
"""


def require_readable(root: Path) -> None:
    """Raises DataError where dvc.yaml holds a conflict, which a person merges."""
    for name in unmerged(root):
        if name.endswith("dvc.yaml") and is_open(root / name):
            raise DataError(name, **CONFLICT | {"fix": "Merge it by hand first: DVC must read it."})


@contextmanager
def _readable_for_dvc(root: Path, pointer: str, sides: Sides) -> Iterator[None]:
    """The .dvc file is ours and dvc.lock is theirs in here, and these two stay so where all goes well; else all is as
    before. What ends a process politely ends it so, too.
    """
    stands_for = {name: sides.ours for name in unmerged(root) if name.endswith(".dvc")} | {
        pointer: sides.ours
    }
    if _LOCK in unmerged(root):
        stands_for[_LOCK] = sides.theirs
    texts = {
        name: text for name, commit in stands_for.items() if (text := file_at(root, commit, name)) is not None
    }
    before = {name: (root / name).read_bytes() for name in texts if (root / name).is_file()}
    settled: set[str] = set()
    with _polite_endings():
        try:
            for name, text in texts.items():
                _write(root / name, text)
            yield
            settled = {pointer, _LOCK}
        finally:
            for name, content in before.items():
                if name not in settled:
                    _write(root / name, content)


def is_open(path: Path) -> bool:
    """Whether nobody has settled yet a file whose merge stands open: it holds git's marks, or one side has removed it."""
    return not path.is_file() or conflict_line(path.read_text(errors="replace")) is not None


def fetched(root: Path, folder: str, sides: Sides, side: str, needed: Collection[Path] = ()) -> Tree:
    """What a folder held on a side; the list itself, and `needed` of what it names, are fetched where the cache lacks them.

    Raises SegdataError where DVC fails, DataError where it does not find them either.
    """
    commit = getattr(sides, side)
    tree = sides.tree(root, side)
    if tree is None or not all(place.is_file() for place in needed):
        _fetch(root, f"{folder}.dvc", commit)
        tree = sides.tree(root, side)
    lacking = [place for place in needed if not place.is_file()]
    if tree is None or lacking:
        found = f"{len(lacking)} of its files" if lacking else "its list of files"
        raise DataError(
            f"{folder} at {commit[:7]}",
            found=f"{found} neither in DVC's cache nor on its remote",
            expected="what was committed there",
            fix="Whoever committed it runs dvc push; nothing was changed here.",
        )
    return tree


def add(root: Path, folder: str, sides: Sides) -> None:
    """`dvc add` of the merged folder. Raises SegdataError with what DVC says: the folder is merged then, its .dvc file not."""
    with _readable_for_dvc(root, f"{folder}.dvc", sides):
        done = _python(root, "-m", "dvc", "add", folder)
        if done.returncode:
            raise SegdataError(
                f"dvc add {folder}",
                found=f"exit code {done.returncode} ({_last(done)})",
                expected=f"{folder}.dvc written anew",
                fix="Mend what it says, and run segdata merge again: the merge of git still stands open.",
            )


def _fetch(root: Path, pointer: str, commit: str) -> None:
    done = _python(root, "-c", _FETCH, pointer, commit)
    if done.returncode:
        raise SegdataError(
            f"dvc fetch {pointer} at {commit[:7]}",
            found=f"exit code {done.returncode} ({_last(done)})",
            expected="what they have pushed",
            fix="Whoever committed it runs dvc push; nothing was changed here.",
        )


def _python(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    if not find_spec("dvc"):
        raise SegdataError(
            "segdata merge",
            found="no dvc here",
            expected="it, which knows the folders of both",
            fix="Install dvc.",
        )
    return subprocess.run([sys.executable, *arguments], cwd=root, capture_output=True, text=True, check=False)


def _last(done: subprocess.CompletedProcess[str]) -> str:
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return said[-1] if said else "it says nothing"


def _write(path: Path, content: str | bytes) -> None:
    with replace_file(path) as temporary:
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode())


@contextmanager
def _polite_endings() -> Iterator[None]:
    """SIGTERM and SIGHUP end with what `finally` does; only the main thread may say so."""

    def end(number: int, frame: Any) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {ending: signal.signal(ending, end) for ending in _ENDINGS}
    try:
        yield
    finally:
        for ending, handler in before.items():
            signal.signal(ending, handler)
