"""YAML read strictly: file, key and nearest valid key in every message."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from segdata.decode import read_yaml, strict
from segdata.errors import ConfigError


class Inner(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    lr: float
    epochs: int = 1


class Outer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    train: Inner
    more: list[Inner] = []
    by_name: dict[str, Inner] = {}
    maybe: Inner | None = None


def _yaml(tmp_path: Path, text: str) -> object:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return read_yaml(path, "pipelines/x.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("5E2", 500.0),
        ("-1e+3", -1000.0),
        (".5e1", 5.0),
        ("1.5e-3", 0.0015),
        ("3", 3),
        ("0.1", 0.1),
        ("e3", "e3"),
        ("1e", "1e"),
        ("'1e-3'", "1e-3"),
        ("Tree ", "Tree"),
        ("\ufeffa", "a"),
    ],
)
def test_scalars(tmp_path: Path, text: str, value: object) -> None:
    read = _yaml(tmp_path, text)
    assert (type(read), read) == (type(value), value)


def test_duplicate_key_is_an_error_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _yaml(tmp_path, "a: 1\nb:\n  c: 1\n  c: 2\n")
    assert str(caught.value) == (
        "pipelines/x.yaml: line 4, column 3: found broken YAML (key 'c' is given twice); expected valid YAML"
    )


def test_broken_yaml_names_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"^pipelines/x.yaml: line 2, column 5: found broken YAML \(mapping values"
    ):
        _yaml(tmp_path, "z: 1\na: b: c")


@pytest.mark.parametrize("text", ["train:\n\tlr: 1\n", "train:\n  lr: 1\n\tepochs: 2\n", "a:\n- \tb: 1\n"])
def test_a_tab_is_named(tmp_path: Path, text: str) -> None:
    line = text[: text.rindex("\t")].count("\n") + 1
    with pytest.raises(
        ConfigError, match=f"valid YAML. Line {line} has a tab where YAML wants blanks"
    ) as caught:
        _yaml(tmp_path, text)
    assert f"line {line}, column" in str(caught.value)


def test_conflict_markers_are_called_by_their_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        _yaml(tmp_path, "train:\n<<<<<<< HEAD\n  lr: 0.1\n=======\n  lr: 0.2\n>>>>>>> theirs\n")
    assert str(raised.value) == (
        "pipelines/x.yaml: line 2: found git's conflict markers; expected a file without them. "
        "Finish the merge first: docs/how-to/team.md says how."
    )
    assert _yaml(tmp_path, "said: |\n  <<<<<<< HEAD\n") == {"said": "<<<<<<< HEAD\n"}


def test_python_objects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="could not determine a constructor"):
        _yaml(tmp_path, "!!python/object/apply:os.system ['true']")


def test_absent_file_and_foreign_bytes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="p.yaml: found no such file"):
        read_yaml(tmp_path / "p.yaml", "p.yaml")
    (tmp_path / "p.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="bytes that are not UTF-8"):
        read_yaml(tmp_path / "p.yaml", "p.yaml")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"train": {"lr": 1.0, "epoch": 3}}, "x: train: found unknown key 'epoch'; did you mean 'epochs'? Valid: epochs, lr"),
        ({"trian": {}}, "x: found unknown key 'trian'; did you mean 'train'? Valid: by_name, maybe, more, train"),
        ({"train": {"lr": 1}, "more": [{"lr": 1}, {"lr": 1, "epohcs": 1}]}, "x: more[1]: found unknown key 'epohcs'; did you mean 'epochs'? Valid: epochs, lr"),
        ({"train": {"lr": 1}, "by_name": {"a": {"lr": 1, "rl": 1}}}, "x: by_name.a: found unknown key 'rl'; did you mean 'lr'? Valid: epochs, lr"),
        ({"train": {"lr": 1}, "maybe": {"lr": 1, "rl": 1}}, "x: maybe: found unknown key 'rl'; did you mean 'lr'? Valid: epochs, lr"),
        ({"train": {"lr": "fast"}}, "x: train.lr: found 'fast' (str); expected a number"),
        ({"train": {}}, "x: train: found no key 'lr'; expected one: it has no default"),
    ],
)  # fmt: skip
def test_wrong_keys_and_values_are_named(value: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        strict(value, Outer, "x")
    assert str(caught.value) == message


def test_section_leads_the_place() -> None:
    with pytest.raises(
        ConfigError, match=r"^x: source\.options\.lr: found \[\] \(array\); expected a number"
    ):
        strict({"lr": []}, Inner, "x", "source.options")


def test_good_value_is_decoded() -> None:
    assert strict({"train": {"lr": 1}}, Outer, "x") == Outer(train=Inner(lr=1.0))


@pytest.mark.parametrize(
    "text", ["{[1]: 2}", "a: 2001-99-99", "a: {{}: 1}", "a: !!bool maybe", "a: !!timestamp now"]
)
def test_odd_yaml_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"^pipelines/odd\.yaml"):
        read_yaml(path, "pipelines/odd.yaml")


def test_a_folder_in_place_of_a_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml: found Is a directory"):
        read_yaml(tmp_path, "x.yaml")
