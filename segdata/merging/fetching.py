"""DVC at work in the middle of a merge: its files hold no conflict meanwhile, else it would read none of them.

The .dvc file stands for one side at a time. Of dvc.lock theirs is taken, as what it says follows from the files that git
merges: the next `dvc repro` writes it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from segdata.atomic import replace_file
from segdata.errors import DataError, SegdataError
from segdata.merging.trees import Sides, Tree
from segdata.versions.git import file_at, unmerged

_LOCK = "dvc.lock"


@contextmanager
def readable_for_dvc(root: Path, folder: str, sides: Sides) -> Iterator[Callable[[], None]]:
    """The .dvc file is ours and dvc.lock is theirs in here; afterwards all is as before, unless `settle()` was called."""
    pointer = f"{folder}.dvc"
    stands_for = {pointer: sides.ours} | ({_LOCK: sides.theirs} if _LOCK in unmerged(root) else {})
    texts = {
        name: text for name, commit in stands_for.items() if (text := file_at(root, commit, name)) is not None
    }
    before = {name: (root / name).read_bytes() for name in texts if (root / name).is_file()}
    settled: list[bool] = []
    try:
        for name, text in texts.items():
            _write(root / name, text.encode())
        yield lambda: settled.append(True)
    finally:
        if not settled:
            for name, content in before.items():
                _write(root / name, content)


def fetched(root: Path, folder: str, sides: Sides, side: str, needed: Collection[Path] = ()) -> Tree:
    """What a folder held on a side; the list itself, and `needed` of what it names, are fetched where the cache lacks them.

    Raises SegdataError where DVC fails, DataError where it does not find them either.
    """
    tree = sides.tree(root, side)
    if tree is None or not all(place.is_file() for place in needed):
        _fetch(root, f"{folder}.dvc", getattr(sides, side), sides.ours)
        tree = sides.tree(root, side)
    lacking = [place for place in needed if not place.is_file()]
    if tree is None or lacking:
        raise DataError(
            f"{folder} at {getattr(sides, side)[:7]}",
            found=f"{len(lacking)} of its files neither in DVC's cache nor on its remote"
            if lacking
            else "no list of its files",
            expected="what was committed there",
            fix="Whoever committed it runs dvc push.",
        )
    return tree


def _fetch(root: Path, pointer: str, commit: str, ours: str) -> None:
    if not find_spec("dvc"):
        raise SegdataError(
            "segdata merge", found="no dvc here", expected="it, to fetch what they added", fix="Install dvc."
        )
    _write(root / pointer, (file_at(root, commit, pointer) or "").encode())
    try:
        done = subprocess.run(
            [sys.executable, "-m", "dvc", "fetch", "--quiet", pointer],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        _write(root / pointer, (file_at(root, ours, pointer) or "").encode())
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise SegdataError(
            f"dvc fetch {pointer} at {commit[:7]}",
            found=f"exit code {done.returncode} ({said[-1] if said else 'it says nothing'})",
            expected="what they have pushed",
            fix="Whoever committed it runs dvc push; nothing was changed here.",
        )


def _write(path: Path, content: bytes) -> None:
    with replace_file(path) as temporary:
        temporary.write_bytes(content)
