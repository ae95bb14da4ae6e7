"""Writing whole sets: the same bytes twice, and never over what a person put there."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from segdata.errors import ConfigError, DataError
from segdata.sample_data import FORMATS, MARKER, SampleSetResult, iter_truth, sets, write_sample_set
from segdata.sample_data.scene import Scene

SMALL = (60, 80)


def write_small(root: Path, format: str = "voc", seed: int = 1) -> SampleSetResult:
    return write_sample_set(format, root, num_scenes=4, size_hw=SMALL, seed=seed)


def contents(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("format", FORMATS)
def test_two_sets_of_one_seed_have_the_same_bytes(format: str, tmp_path: Path) -> None:
    write_small(tmp_path / "one", format)
    write_small(tmp_path / "two", format)
    write_small(tmp_path / "three", format, seed=2)
    one = contents(tmp_path / "one")
    assert one == contents(tmp_path / "two")
    assert one != contents(tmp_path / "three")
    marker = json.loads((tmp_path / "one" / MARKER).read_text())
    del one[MARKER]
    assert marker["files"] == one
    assert (marker["format"], marker["num_scenes"], marker["size_hw"]) == (format, 4, [60, 80])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "three", "two"]


@pytest.mark.parametrize("format", FORMATS)
def test_ids_are_unique_and_follow_the_scene_number(format: str) -> None:
    ids = [name for name, _ in iter_truth(format, 4, SMALL, 1)]
    assert (
        ids
        == {
            "via": ["IMG_0001", "IMG_0002", "IMG_0003", "IMG_0004"],
            "matlab": ["street_001", "street_002", "street_003", "street_004"],
            "cityscapes": [
                "aachen_000000_000019",
                "aachen_000001_000019",
                "bochum_000000_000019",
                "frankfurt_000000_000019",
            ],
            "voc": ["2026_000001", "2026_000002", "2026_000003", "2026_000004"],
        }[format]
    )


def test_a_set_that_is_up_to_date_is_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "set"
    assert write_small(root).outcome == "drawn"
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    (root / ".DS_Store").write_bytes(b"a file browser was here")
    result = write_small(root)
    assert (result.outcome, result.message) == ("up to date", "up to date: 4 scenes")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_an_unedited_set_of_other_parameters_or_an_older_generator_is_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "set"
    write_small(root)
    first = contents(root)
    assert write_small(root, seed=5).outcome == "redrawn"
    assert contents(root) != first
    monkeypatch.setattr(sets, "generator_digest", lambda: "a newer one")
    assert write_small(root, seed=5).outcome == "redrawn"
    assert json.loads((root / MARKER).read_text())["generator"] == "a newer one"
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ("add", "added JPEGImages/my_own.jpg"),
        ("change", "changed class_names.txt"),
        ("delete", "deleted JPEGImages/2026_000002.jpg"),
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_an_edited_set_is_kept(edit: str, said: str, seed: int, tmp_path: Path) -> None:
    """Whether or not it would otherwise be drawn again."""
    root = tmp_path / "set"
    write_small(root)
    if edit == "add":
        (root / "JPEGImages" / "my_own.jpg").write_bytes(b"mine")
    elif edit == "change":
        (root / "class_names.txt").write_text("mine\n")
    else:
        (root / "JPEGImages" / "2026_000002.jpg").unlink()
    before = contents(root)
    result = write_small(root, seed=seed)
    assert result.outcome == "kept"
    assert result.message == f"kept, edited since it was drawn: {said}"
    assert contents(root) == before


def test_a_folder_with_other_content_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"precious")
    with pytest.raises(DataError, match=r"files but no SAMPLE\.json.*Give another folder"):
        write_small(tmp_path)
    assert contents(tmp_path) == {"holiday.jpg": hashlib.sha256(b"precious").hexdigest()}
    with pytest.raises(DataError, match=r"SAMPLE\.json"):
        write_small(tmp_path / "holiday.jpg")


def test_a_marker_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text('{"generator": 3}')
    with pytest.raises(DataError, match=r"SAMPLE\.json: found no marker of a sample set"):
        write_small(tmp_path)


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    assert write_small(tmp_path / "set").outcome == "drawn"
    assert (tmp_path / "set" / "class_names.txt").is_file()


@pytest.mark.parametrize("there_before", [False, True])
def test_an_interruption_leaves_the_old_set_or_nothing(
    there_before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "set"
    if there_before:
        write_small(root)
    before = contents(tmp_path)

    def interrupted(seed: object, size_hw: tuple[int, int]) -> Scene:
        raise KeyboardInterrupt

    monkeypatch.setattr(sets, "draw_scene", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_small(root, seed=9)
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == (["set"] if there_before else [])


def test_a_wrong_format_or_too_few_scenes_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'cityscapes'"):
        write_sample_set("cityscape", tmp_path / "set")
    with pytest.raises(ConfigError, match="found 3 scenes; expected 4 or more"):
        write_sample_set("voc", tmp_path / "set", num_scenes=3)
    assert not (tmp_path / "set").exists()
