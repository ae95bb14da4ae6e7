"""Listing a folder: nothing is left out without a word."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.photo_files import list_files


def _write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def test_names_are_relative_sorted_and_composed(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "b/1.jpg", "a.jpg", "u\u0308.jpg", ".hidden.jpg", ".git/c.jpg"):
        _write(tmp_path / "photos" / name)
    found: list[Finding] = []
    assert list(list_files(tmp_path / "photos", tmp_path, found).items()) == [
        ("a.jpg", tmp_path / "photos/a.jpg"),
        ("b/1.jpg", tmp_path / "photos/b/1.jpg"),
        ("b/2.jpg", tmp_path / "photos/b/2.jpg"),
        ("ü.jpg", tmp_path / "photos/u\u0308.jpg"),
    ]
    assert found == []


def test_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path / "photos/locked/a.jpg")
    scandir = os.scandir

    def refuse(folder: Any) -> Any:  # chmod would not stop root
        if Path(folder).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(
        DataError, match=r"^photos/locked: found a folder that cannot be read \(Permission den"
    ):
        list_files(tmp_path / "photos", tmp_path, [])


def test_linked_folders_are_told_and_linked_files_read(tmp_path: Path) -> None:
    _write(tmp_path / "elsewhere/a.jpg")
    _write(tmp_path / "photos/b.jpg")
    os.symlink(tmp_path / "elsewhere", tmp_path / "photos/roll")
    os.symlink("..", tmp_path / "photos/up")
    os.symlink("itself", tmp_path / "photos/itself")
    os.symlink(tmp_path / "elsewhere/a.jpg", tmp_path / "photos/c.jpg")
    found: list[Finding] = []
    assert list(list_files(tmp_path / "photos", tmp_path, found)) == ["b.jpg", "c.jpg", "itself"]
    assert [(f.code, f.file, f.action, f.severity) for f in found] == [
        ("linked-folder", "photos/roll", "set aside", "warning"),
        ("linked-folder", "photos/up", "set aside", "warning"),
    ]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("ü.jpg", "u\u0308.jpg"), r"'photos/u\\u0308.jpg' and 'photos/\\xfc.jpg': found two files"),
        (
            ("a/b.jpg", "a\\b.jpg"),
            r"'photos/a\\\\b.jpg' and 'photos/a/b.jpg': found two files of the name 'a/b.jpg'",
        ),
    ],
)
def test_two_files_of_one_composed_name_are_both_named(
    tmp_path: Path, names: tuple[str, str], told: str
) -> None:
    for name in names:
        _write(tmp_path / "photos" / name)
    with pytest.raises(DataError, match=told):
        list_files(tmp_path / "photos", tmp_path, [])


def test_names_that_are_no_utf8_are_left_out(tmp_path: Path) -> None:
    _write(tmp_path / "a.jpg")
    os.mkdir(os.fsencode(tmp_path) + b"/roll \xe9")
    found: list[Finding] = []
    assert list(list_files(tmp_path, tmp_path, found)) == ["a.jpg"]
    assert [(f.code, f.file, f.severity) for f in found] == [("file-name", r"roll \xe9", "error")]
