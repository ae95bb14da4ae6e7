"""The few things asked of git: which commit a revision is, a file as it was then, and who changed some files when."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from segdata.errors import ConfigError


@dataclass(frozen=True)
class Commit:
    """hash: 40 hex digits; date: ISO 8601 with offset; subject: first line of the message."""

    hash: str
    date: str
    subject: str

    @property
    def short(self) -> str:
        return self.hash[:7]


FORMAT = "%H%x00%cI%x00%s"


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-C", str(root), "--no-pager", *arguments], capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise ConfigError(
            "git", found="no such command", expected="git, which knows the older versions", fix="Install git."
        ) from error


def find_commit(root: Path, revision: str) -> Commit:
    """The commit that a revision (HEAD~1, a tag, a branch, some hex digits) names. Raises ConfigError."""
    done = _log(root, "-1", "--end-of-options", f"{revision}^{{commit}}", "--")
    if done.returncode != 0 or not done.stdout.strip():
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ConfigError(
            revision,
            found=f"neither a shard set's folder nor a git revision ({said[0] if said else 'git says nothing'})",
            expected="a folder that holds manifest.parquet, or a commit, tag or branch of this project",
            fix="segdata history NAME lists the versions of a set.",
        )
    return next(_commits(done))


INDEX = ""
"""In place of a commit: what git would commit now."""
MOST_COMMITS = 200
"""So many commits are looked through for older versions of a file."""


def file_at(root: Path, commit: str, path: str) -> str | None:
    """A file below `root` as it was at a commit, or is in the INDEX; None when it was not there."""
    done = _git(root, "show", "--end-of-options", f"{commit}:./{path}")
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


def versions_of(root: Path, path: str) -> Iterator[tuple[Commit, str]]:
    """The last commits of all branches that changed a file, the newest first, and the file as it was then.

    Experiments of DVC and stashes are none: what they hold may well be what lies there.
    """
    arguments = (
        "HEAD",
        "--branches",
        "--remotes",
        "--full-history",
        f"-{MOST_COMMITS}",
        "--",
        f":(literal){path}",
    )
    for commit in _commits(_log(root, *arguments)):
        text = file_at(root, commit.hash, path)
        if text is not None:
            yield commit, text


def files_of_git(root: Path, pattern: str) -> list[str]:
    """Files that git tracks, relative to `root`."""
    done = _git(root, "ls-files", "-z", "--", pattern)
    return [name for name in done.stdout.decode(errors="surrogateescape").split("\0") if name]


def open_merge(root: Path) -> tuple[str, str, str] | None:
    """The commits of a merge that stands open: where both started from, ours, theirs; None where there is none.

    Raises ConfigError for a merge of more than two sides, or one whose sides started from several commits alike.
    """
    place = _git(root, "rev-parse", "--git-path", "MERGE_HEAD").stdout.decode().strip()
    try:
        theirs = Path(root, place).read_text(encoding="utf-8").split()
    except OSError:
        return None
    ours = _git(root, "rev-parse", "-q", "--verify", "HEAD").stdout.decode().split()
    bases = _git(root, "merge-base", "--all", *ours, *theirs[:1]).stdout.decode().split() if ours else []
    if len(ours) != 1 or len(theirs) != 1 or len(bases) != 1:
        raise ConfigError(
            "MERGE_HEAD",
            found=f"{len(theirs) + len(ours)} sides that have {len(bases)} commits in common to start from",
            expected="two sides that started from one commit",
            fix="git merge --abort, and merge one branch after the other.",
        )
    return bases[0], ours[0], theirs[0]


_OPERATIONS = {
    "rebase-merge": "rebase",
    "rebase-apply/applying": "am",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}


def open_operation(root: Path) -> str | None:
    """What else than a merge stands open, as git's command for it is called: rebase, am, cherry-pick or revert."""
    for name, operation in _OPERATIONS.items():
        place = _git(root, "rev-parse", "--git-path", name).stdout.decode().strip()
        if place and Path(root, place).exists():
            return operation
    return None


def unmerged(root: Path) -> list[str]:
    """Files whose merge stands open, relative to `root`."""
    done = _git(root, "diff", "--name-only", "--diff-filter=U", "--relative", "-z")
    return [name for name in done.stdout.decode(errors="surrogateescape").split("\0") if name]


def iter_commits(root: Path, paths: Sequence[str]) -> Iterator[Commit]:
    """Commits on HEAD's history that changed one of the files, the newest first. Raises ConfigError without git."""
    done = _log(root, "--", *(f":(literal){path}" for path in paths))
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ConfigError(
            str(root),
            found=f"no history ({said[0] if said else 'git says nothing'})",
            expected="a git repository with at least one commit",
        )
    yield from _commits(done)


def _log(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return _git(root, "log", "-z", "--no-show-signature", f"--format={FORMAT}", *arguments)


def _commits(log: subprocess.CompletedProcess[bytes]) -> Iterator[Commit]:
    """What _log printed: three fields a commit, and NUL behind each, as subjects may hold any other sign."""
    fields = iter(log.stdout.decode(errors="replace").removesuffix("\0").split("\0"))
    for hash in fields:
        if hash:
            yield Commit(hash, next(fields), next(fields))
