"""Names, sizes, and a folder that is written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.commands.export import FORMATS as OFFERED
from segdata.errors import ConfigError, DataError
from segdata.export import FORMATS, ExportItem, export_samples
from segdata.export.items import problem_with
from tests.export.round_trip import STREET, export, item


def test_the_command_offers_every_format() -> None:
    assert tuple(OFFERED) == FORMATS


@pytest.mark.parametrize("name", ["IMG_0001", "roll 2/Straße (3)", "a.b", "写真/犬", "a'b", "train"])
def test_sound_names(name: str) -> None:
    assert problem_with(name) == ""


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "a part that is empty"),
        ("/etc/passwd", "a part that is empty"),
        ("../up", "begins or ends with a dot"),
        ("a/../../up", "begins or ends with a dot"),
        (".hidden", "begins or ends with a dot"),
        ("a./b", "begins or ends with a dot"),
        (" a", "or a space"),
        ("a//b", "a part that is empty"),
        ("C:\\a", "one of < >"),
        ("a?b", "one of < >"),
        ("a\nb", "a control character"),
        ("a\u2028b", "cannot be printed"),
        ("a\udce9", "cannot be printed"),
        ("e\u0301", "NFC"),
        ("é" * 101, "more than 200 bytes"),
    ],
)
def test_names_that_some_system_cannot_have(tmp_path: Path, name: str, problem: str) -> None:
    assert problem in problem_with(name)
    with pytest.raises(ConfigError) as caught:
        export(tmp_path / "out", "masks", item(name, [[0]], None))
    assert repr(name) in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("to", "first", "second"),
    [
        ("via", item("IMG_1", [[0]]), item("img_1", [[1]])),
        ("voc", item("a/b", [[0]]), item("a/b", [[1]], "val")),
        ("masks", item("a", [[0]]), item("train/a", [[1]])),
    ],
)
def test_two_ids_of_one_name_are_an_error_with_both(
    tmp_path: Path, to: str, first: ExportItem, second: ExportItem
) -> None:
    with pytest.raises(ConfigError, match=f"the ids '{first.id}' and '{second.id}'"):
        export(tmp_path / "out", to, first, second)
    assert not list(tmp_path.iterdir())


def test_a_folder_in_use_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="a folder that is not empty"):
        export(tmp_path, "via", item("a", [[0]]))
    with pytest.raises(ConfigError, match="a file"):
        export(tmp_path / "mine.txt", "via", item("a", [[0]]))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    export(tmp_path / "empty", "via", item("a", [[0]]))
    assert (tmp_path / "empty" / "via_train.json").is_file()


def test_an_error_half_way_leaves_nothing(tmp_path: Path) -> None:
    def items() -> Iterator[ExportItem]:
        yield item("a", [[0]])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_samples(items(), STREET, "voc", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_mask_of_another_size_is_set_aside(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 6, 3), np.uint8)).save(tmp_path / "wide.png")
    wide = ExportItem("wide", "train", np.zeros((6, 4), np.uint8), tmp_path / "wide.png")
    gone = ExportItem("gone", "train", np.zeros((6, 4), np.uint8), tmp_path / "gone.png")
    for to in FORMATS:
        exported = export(tmp_path / to, to, wide, gone, item("a_1_2", [[0]]))
        assert exported.samples == {"train": 1}
        assert [finding.line() for finding in exported.findings] == [
            "error: wide: found a mask of 6x4 (height x width); expected the photo's upright size, 4x6 (height x width) [unreadable: set aside]",
            "error: gone.png: found no such file; expected a photo or mask at this path [unreadable: set aside]",
        ]
        assert not [path for path in (tmp_path / to).rglob("*") if "wide" in path.name]


def test_nothing_to_write_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not one photo to write"):
        export(tmp_path / "out", "via")
    assert not list(tmp_path.iterdir())


def test_some_with_and_some_without_a_split(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'b' of split None; expected a split for all or for none"):
        export(tmp_path / "out", "via", item("a", [[0]]), item("b", [[0]], None))


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'coco'"):
        export(tmp_path / "out", "cocoa", item("a", [[0]]))
