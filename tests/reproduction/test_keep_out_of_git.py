"""What `segdata reproduce` keeps out of git is what git then leaves out: asked of git itself, name by name."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from segdata.errors import ConfigError
from segdata.reproduction.experiment import ignoring, keep_out_of_git


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def untracked(folder: Path) -> list[str]:
    listed = git(folder, "status", "--porcelain", "-z", "--untracked-files=all", "--", ".").split("\0")
    return sorted(line.removeprefix("?? ") for line in listed if line)


def excluded(repository: Path) -> list[str]:
    lines = (repository / ".git/info/exclude").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    return folder


def photo(root: Path, place: str) -> None:
    (root / place).mkdir(parents=True)
    (root / place / "1.jpg").write_bytes(b"1")


NAMES = {
    "data/raw/plain": "/data/raw/plain",
    "data/raw/fotos [2024]": "/data/raw/fotos \\[2024]",
    "data/raw/two blanks  ": "/data/raw/two blanks\\ \\ ",
    "data/raw/a*": "/data/raw/a\\*",
    "data/raw/a?": "/data/raw/a\\?",
    "data/raw/a\\b": "/data/raw/a\\\\b",
    "data/raw/a\\ ": "/data/raw/a\\\\\\ ",
    "!a": "/!a",
    "#a": "/#a",
    "-a": "/-a",
    ":(top)a": "/:(top)a",
    " a\t": "/ a\t",
    "Ä/ñ": "/Ä/ñ",
}


@pytest.mark.parametrize("inside", ["", "my [projects] /segdata "])
@pytest.mark.parametrize("name", NAMES)
def test_a_place_is_left_out_by_a_line_of_its_own_and_once(repository: Path, inside: str, name: str) -> None:
    root = repository / inside
    photo(root, name)
    photo(root, "data/raw/ab")  # which none of these names is about, though a * or ? would take it in
    before = excluded(repository)
    assert keep_out_of_git(root, [name]) == [name]
    assert untracked(root) == [f"{inside and inside + '/'}data/raw/ab/1.jpg"]
    start = "/my \\[projects] /segdata " if inside else ""
    assert excluded(repository) == [*before, start + NAMES[name]]
    assert keep_out_of_git(root, [name]) == []
    assert excluded(repository) == [*before, start + NAMES[name]]


def test_what_git_or_dvc_knows_already_gets_no_line(repository: Path, tmp_path: Path) -> None:
    for place in ("ignored", "tracked", "of dvc"):
        photo(repository, place)
    photo(tmp_path, "elsewhere")
    (repository / "link").symlink_to(tmp_path)
    (repository / ".gitignore").write_text("ignored\n")
    (repository / "of dvc.dvc").write_text("")
    git(repository, "add", "tracked")
    before = excluded(repository)
    places = ["ignored", "tracked", "of dvc", "absent", "link/elsewhere", "../elsewhere"]
    assert keep_out_of_git(repository, places) == []
    assert excluded(repository) == before
    photo(repository, "t*")  # a pattern of git's, which "tracked" fits
    assert keep_out_of_git(repository, ["t*"]) == ["t*"]


def test_the_last_line_of_others_is_ended_and_kept(repository: Path) -> None:
    photo(repository, "a")
    (repository / ".git/info/exclude").write_bytes(b"\xff*.tmp")
    assert keep_out_of_git(repository, ["a"]) == ["a"]
    assert (repository / ".git/info/exclude").read_bytes() == b"\xff*.tmp\n/a\n"
    (repository / ".git/info/exclude").unlink()
    (repository / ".git/info").rmdir()
    assert keep_out_of_git(repository, ["a"]) == ["a"]
    assert excluded(repository) == ["/a"]


@pytest.mark.parametrize("name", ["photos", "two\nlines", "return\r"])
def test_a_place_that_git_lists_all_the_same_is_an_error(repository: Path, name: str) -> None:
    photo(repository, name)
    (repository / ".gitignore").write_text("!photos\n")
    before = (repository / ".git/info/exclude").read_bytes()
    with pytest.raises(ConfigError) as refused:
        keep_out_of_git(repository, [name])
    assert str(refused.value).startswith(
        f".git/info/exclude: found no line that makes git ignore {name!r}: a line of a .gitignore takes it back"
    )
    assert (repository / ".git/info/exclude").read_bytes() == before


def test_no_line_is_read_as_a_comment_or_an_exception() -> None:
    assert [ignoring(path) for path in ("#a", "!a", "a ", "a \\ ")] == ["/#a", "/!a", "/a\\ ", "/a \\\\\\ "]
