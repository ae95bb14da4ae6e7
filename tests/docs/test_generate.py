"""What the pages say is what the code says: docstrings, keys, findings, figures."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest
from generate import commands, findings, formats, protocols
from generate.docstrings import escape, markdown, meanings
from generate.structs import in_words, keys_table

DOCSTRING = """One sentence, with `code_here` and a_name * 2 < 3.

    {"a": 1}

        deeper

Traps
- one, https://example.org/a_b.
- two
  goes on

short       what it means
long, name  that of both, [1, 2],
            and more

>>> 1 + 1
2
"""


def test_a_docstring_is_shown_as_its_author_meant_it() -> None:
    assert markdown(DOCSTRING) == (
        "One sentence, with `code_here` and a\\_name \\* 2 &lt; 3.\n\n"
        '```text\n{"a": 1}\n\n    deeper\n```\n\n'
        "Traps\n\n"
        "- one, <https://example.org/a_b>.\n- two\n  goes on\n\n"
        "|  |  |\n|---|---|\n"
        "| `short` | what it means |\n"
        "| `long, name` | that of both, \\[1, 2\\], and more |\n\n"
        "```pycon\n>>> 1 + 1\n2\n```"
    )
    both = "that of both, [1, 2], and more"
    assert meanings(DOCSTRING) == {"short": "what it means", "long": both, "name": both}


def test_emphasis_stays_and_other_stars_do_not() -> None:
    assert escape("by *name*: labels/*.png, 2*3") == "by *name*: labels/\\*.png, 2\\*3"


class Inner(msgspec.Struct):
    """Some."""


class Outer(msgspec.Struct, kw_only=True):
    """Keys.

    size    height and width; None: its own
    method  how
    inner   more
    """

    size: tuple[int, int] | None = None
    method: Literal["a", "b"]
    inner: Inner = msgspec.field(default_factory=Inner)


def test_keys_stand_with_type_default_and_meaning() -> None:
    assert keys_table(Outer, {Inner: "#inner"}).splitlines()[2:] == [
        "| `size` | list of 2: whole number, or `null` | `null` | height and width; `null`: its own |".replace(
            "`null`: its own", "null: its own"
        ),
        "| `method` | `a` \\| `b` | required | how |",
        "| `inner` | [Inner](#inner) | its defaults | more |",
    ]


def test_a_key_that_nobody_explains_stops_the_build() -> None:
    class Bare(msgspec.Struct):
        """Nothing is said."""

        key: int = 0

    with pytest.raises(LookupError, match="Bare: its docstring does not say what 'key' means"):
        keys_table(Bare, {})


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (Annotated[int, msgspec.Meta(ge=1)], "whole number, 1 or more"),
        (Annotated[float, msgspec.Meta(gt=0, le=1)], "number, above 0 to 1"),
        (Annotated[float, msgspec.Meta(ge=0, lt=1)], "number, 0 to below 1"),
        (dict[str, list[int]], "mapping of text to list of: whole number"),
    ],
)
def test_types_in_words(hint: object, words: str) -> None:
    assert in_words(hint, {}) == words


FINDINGS = """
def read(path, shown: Literal["seen", "heard"]):
    message = "never used here"
    if path:
        message = f"{path} of {len(path)}"
    yield Finding("lost", path, "", message, "left out" if path else "kept", "warning")
    yield Finding(shown, path, "", "plain", action="told")
"""


def test_findings_are_read_from_the_code_that_makes_them() -> None:
    assert [tuple(one) for one in findings.findings_in(FINDINGS)] == [
        ("lost", "warning", "… of …", "left out or kept"),
        ("seen", "note", "plain", "told"),
        ("heard", "note", "plain", "told"),
    ]


def test_a_format_tells_what_its_pieces_tell() -> None:
    names = {path.name for path in formats.code_files("coco")}
    assert {"coco.py", "coco_files.py", "drawn.py", "doubts.py", "listed.py"} <= names
    assert not {name for name in names if name.startswith(("via", "voc", "matlab"))}
    assert "| `self-crossing` | warning |" in findings.findings_table(formats.code_files("coco"))


def test_the_example_shows_what_the_page_says_of_it() -> None:
    by = protocols.figures()
    right, missed, off = ("all right", "person missed", "2 pixels off")
    own = ("onehot-accuracy", "index-dice", "jaccard-20", "accuracy-20", "void-as-error-miou")
    standard = [name for name in by if name not in own]
    assert all(by[name][right] == by[name]["void is road"] == 1 for name in standard)
    assert by["pixel-accuracy"][missed] > 0.98
    assert by["mean-class-accuracy"][missed] == pytest.approx(2 / 3, abs=0.001)
    assert 1 - by["per-image-miou"][missed] == pytest.approx((1 - by["mean-iou"][missed]) / 2, abs=0.01)
    assert by["pixel-accuracy"][off] > 0.98
    assert by["boundary-iou"][off] == min(by[name][off] for name in standard) < 0.7
    for name in ("onehot-accuracy", "jaccard-20", "void-as-error-miou"):
        assert by[name][right] < by[name]["void is road"]
    assert by["index-dice"][right] == by["index-dice"]["void is road"] == pytest.approx(0.54, abs=0.005)


def test_exit_codes_are_those_of_the_command_line() -> None:
    assert [code for code, _ in commands.exit_codes()] == ["`0`", "`1`", "`2`", "`130`"]
    assert commands.exit_codes()[3][1] == "stopped by Ctrl-C"
