"""Edits in the text of a JSON file that leave every other character as it stands: the diff is the new entries alone.

    {"IMG_1.jpg148213": {…}, "IMG_2.jpg150022": {…}}     a member is put in or cut out with the comma that is its own
    {"images": [{"id": 1, …}], …}                        elements of lists likewise

New text takes the file's own manner: the separators between its members, its indentation, accents as they are.

>>> text = '{"a": 1, "b": [2]}'
>>> edited = apply(text, [insert_members(text, members(text, 0), 0, [("c", {"d": 3})])])
>>> edited
'{"a": 1, "b": [2], "c": {"d": 3}}'
>>> apply(edited, cut(members(edited, 0), {2}))
'{"a": 1, "b": [2]}'
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import NamedTuple

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


class Member(NamedTuple):
    """One member of an object, or one element of a list (key ""): from its start to its end, and where its value begins."""

    key: str
    start: int
    value_start: int
    end: int
    value: object


class Edit(NamedTuple):
    """text[start:end] becomes `new`."""

    start: int
    end: int
    new: str


def skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()


def members(text: str, at: int) -> list[Member]:
    """Members of the object, or elements of the list, that opens at `at`; a key given twice stands twice.

    Raises ValueError for anything else.
    """
    if at >= len(text) or text[at] not in "{[":
        raise ValueError(f"no object or list at character {at}")
    is_object, closing = text[at] == "{", "}" if text[at] == "{" else "]"
    found: list[Member] = []
    at = skip_space(text, at + 1)
    if text[at : at + 1] == closing:
        return found
    while True:
        start, key = at, ""
        if is_object:
            if text[at : at + 1] != '"':
                raise ValueError(f"no key at character {at}")
            key, at = scanstring(text, at + 1)
            at = skip_space(text, at)
            if text[at : at + 1] != ":":
                raise ValueError(f"no colon at character {at}")
            at = skip_space(text, at + 1)
        value, end = _DECODER.raw_decode(text, at)
        found.append(Member(key, start, at, end, value))
        at = skip_space(text, end)
        if text[at : at + 1] == closing:
            return found
        if text[at : at + 1] != ",":
            raise ValueError(f"no comma at character {at}")
        at = skip_space(text, at + 1)


def insert_members(text: str, there: Sequence[Member], at: int, new: Sequence[tuple[str, object]]) -> Edit:
    """Put members (or, with keys "", elements) behind the last one of the object or list that opens at `at`."""
    between = _between(text, there, at)
    is_object = text[at] == "{"
    colon = ": "
    if is_object and there:
        key_end = scanstring(text, there[-1].start + 1)[1]
        colon = text[key_end : there[-1].value_start]
    prefix = between.rpartition("\n")[2] if "\n" in between else None
    sample = text[there[-1].value_start : there[-1].end] if there else ""
    pieces = [
        (_dump(key, "", None, text) + colon if is_object else "") + _dump(value, sample, prefix, text)
        for key, value in new
    ]
    if not there:
        return Edit(at + 1, at + 1, ", ".join(pieces))
    return Edit(there[-1].end, there[-1].end, "".join(between + piece for piece in pieces))


def replace_value(text: str, member: Member, value: object) -> Edit:
    """Give a member another value, written as the old one was."""
    line = text[text.rfind("\n", 0, member.start) + 1 : member.start]
    prefix = line if "\n" in text[: member.start] and not line.strip() else None
    old = text[member.value_start : member.end]
    return Edit(member.value_start, member.end, _dump(value, old, prefix, text))


def cut(there: Sequence[Member], which: set[int]) -> list[Edit]:
    """Take members out by their number, each with one comma."""
    lead = 0
    while lead in which:
        lead += 1
    edits = []
    if lead:
        end = there[lead].start if lead < len(there) else there[-1].end
        edits.append(Edit(there[0].start, end, ""))
    return edits + [Edit(there[i - 1].end, there[i].end, "") for i in sorted(which) if i > lead]


def apply(text: str, edits: Sequence[Edit]) -> str:
    """The text after all edits; they must not overlap."""
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


def _between(text: str, there: Sequence[Member], at: int) -> str:
    """What stands between two members: of the last two, or a comma and what stands before the only one."""
    if len(there) > 1:
        return text[there[-2].end : there[-1].start]
    if there:
        lead = text[at + 1 : there[0].start]
        return "," + (lead or " ")
    return ", "


def _dump(value: object, sample: str, prefix: str | None, text: str) -> str:
    """JSON in the manner of `sample`; `prefix`: the white space that lines at its level begin with."""
    escaped = "\\u" in text and text.isascii()
    if "\n" in sample and prefix is not None:
        inner = re.search(r"\n([ \t]+)", sample)
        unit = inner[1].removeprefix(prefix) if inner else " "
        lines = _dumps(value, escaped, indent=unit or " ").split("\n")
        end = "\r\n" if "\r\n" in sample else "\n"
        return end.join([lines[0], *(prefix + line for line in lines[1:])])
    if re.search(r"[,:]", sample) and not re.search(r'[,:] ["\[{\d-]', sample):
        return _dumps(value, escaped, separators=(",", ":"))
    return _dumps(value, escaped)


def _dumps(value: object, escaped: bool, **manner: object) -> str:
    dumped: str = json.dumps(value, ensure_ascii=escaped, **manner)  # type: ignore[arg-type]
    try:
        dumped.encode()
    except UnicodeEncodeError:  # half a surrogate pair: only its escape can be written
        dumped = json.dumps(value, **manner)  # type: ignore[arg-type]
    return dumped
