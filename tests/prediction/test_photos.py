"""Which photos are given, what their masks are called, and which names are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from segdata.errors import DataError
from segdata.prediction.photos import find_photos


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(path.name.encode())


def test_folders_give_photos_by_their_paths_and_files_by_their_names(tmp_path: Path) -> None:
    roll = tmp_path / "roll 2"
    touch(
        roll / "b.JPG", roll / "day 1/a.png", roll / "notes.txt", roll / ".hidden.jpg", tmp_path / "odd.dat"
    )
    found = find_photos([roll, tmp_path / "odd.dat"])
    assert [(one.id, one.path) for one in found.given] == [
        ("b", roll / "b.JPG"),
        ("day 1/a", roll / "day 1/a.png"),
        ("odd", tmp_path / "odd.dat"),
    ]
    assert (found.findings, found.others) == ([], 1)


def test_names_that_masks_cannot_have_are_set_aside(tmp_path: Path) -> None:
    roll = tmp_path / "roll"
    touch(roll / "a.jpg", roll / "A.png", roll / "x:y.jpg", roll / "ends. .jpg", roll / "line\nbreak.jpg")
    found = find_photos([roll])
    assert [one.name for one in found.given] == [str(roll / "A.png")]
    assert [finding.line() for finding in found.findings] == [
        f"error: {roll}/a.jpg: its mask would be called as that of {roll}/A.png [file-name: set aside]",
        f"error: {roll}/ends. .jpg: a name that the mask cannot have everywhere: a part that is empty, or begins or "
        "ends with a dot or a space [file-name: set aside]",
        f"error: '{roll}/line\\nbreak.jpg': a name that the mask cannot have everywhere: a control character or one of "
        '< > : " \\ | ? * [file-name: set aside]',
        f"error: {roll}/x:y.jpg: a name that the mask cannot have everywhere: a control character or one of "
        '< > : " \\ | ? * [file-name: set aside]',
    ]


def test_one_photo_given_twice_is_one(tmp_path: Path) -> None:
    touch(tmp_path / "roll/a.jpg")
    found = find_photos([tmp_path / "roll", tmp_path / "roll/a.jpg", tmp_path / "roll"])
    assert [one.id for one in found.given] == ["a"]
    assert found.findings == []


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    touch(tmp_path / "secret.jpg", tmp_path / "far/away.jpg", tmp_path / "roll/a.jpg")
    os.symlink(tmp_path / "secret.jpg", tmp_path / "roll/b.jpg")
    os.symlink("a.jpg", tmp_path / "roll/c.jpg")
    os.symlink(tmp_path / "far", tmp_path / "roll/far")
    found = find_photos([tmp_path / "roll"])
    assert [one.id for one in found.given] == ["a", "c"]
    assert [(Path(one.file).name, one.message) for one in found.findings] == [
        ("far", "a link to a folder, which is not entered: put the folder itself here"),
        ("b.jpg", "a link that leads out of the folder"),
    ]


def test_a_path_that_is_not_there_stops(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match="roll: found no such file or folder; expected a photo, or a folder of photos"
    ):
        find_photos([tmp_path / "roll"])
