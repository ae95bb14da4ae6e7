"""Files that name colours, known by what they hold and not by how they are called.

    class_dict.csv        name, r, g, b           Kaggle's sets: a header, and columns in any order among others
                          road, 128, 64, 128
    label_colors.txt      128 64 128  Road        CamVid
    labelmap.txt          road:128,64,128::       CVAT
    colors.json           {"road": [128, 64, 128]} · [{"name": "road", "color": "#804080"}] · …: `color_json.py`

A row that is none is named with its line, and the others are kept.
"""

from __future__ import annotations

import csv
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segdata.errors import DataError
from segdata.file_names import lying
from segdata.findings import Finding
from segdata.formats._parts.label_file import Color, read_lines
from segdata.formats._parts.photo_files import is_photo, without_extension
from segdata.formats._surveys.color_json import MOST_ROWS, Row, rows_of_json
from segdata.formats._surveys.common import unreadable

ENDINGS = (".csv", ".tsv", ".txt", ".json")
MOST_BYTES = 1 << 20
"""Larger files are no table of at most 255 colours."""
MOST_FILES = 50
"""So many files of a folder are looked into."""
LONGEST = 1000
"""A file with a longer line is no table either."""
MOST_SHOWN = 60
"""So much of a wrong row is told."""

_BYTE = r"(?:0*[0-9]{1,3})"
_RUN = re.compile(r"(?<![\w.#-])[0-9]+(?:[\s,;]+[0-9]+)*(?![\w.]|-\w)")
"""Whole numbers that stand side by side: three of them are a colour, of four nobody knows which three."""
_HEX = re.compile(r"(?<![\w#])#([0-9a-fA-F]{6})(?:[fF]{2})?\b")
_LEADING = re.compile(r"[0-9]{1,5}\s+")
_CHANNELS = (("r", "red"), ("g", "green"), ("b", "blue"))
_NAME = re.compile(r"name|title|label|class|categor", re.I)
_NUMBER = re.compile(r"^$|^#$|(^|[^a-z])ids?$|index|value|number|^idx$", re.I)
_AROUND = " \t\"'=:,;()[]{}|"


@dataclass(frozen=True)
class Table:
    """The colours that a file names, and what in it is no row of a table.

    file     relative to the root
    names    colour → name, each once
    wrong    (place, what was found) of rows that were left out
    headed   whether a header says that this is a table of colours
    numbers  number → name, where a column numbers the rows
    """

    file: str
    names: dict[Color, str]
    wrong: tuple[tuple[str, str], ...] = ()
    headed: bool = False
    numbers: Mapping[int, str] = field(default_factory=dict)

    @property
    def is_sure(self) -> bool:
        """Whether it is one also where none of its colours is in the masks: two rows may be three numbers by chance."""
        return self.headed or len(self.names) >= 3

    def findings(self) -> list[Finding]:
        """One for each wrong row."""
        expected = "expected a name and its red, green and blue of 0 to 255, each name and each colour once"
        action = "left out; the other rows are taken"
        return [
            Finding("colour-row", self.file, place, f"found {found}; {expected}", action, "warning")
            for place, found in self.wrong
        ]


def find_tables(root: Path, folders: Sequence[str], findings: list[Finding]) -> list[Table]:
    """All tables in these folders, relative to the root; one that cannot be read adds to `findings`.

    Files that are called as an image beside them are about that image.
    """
    tables: list[Table] = []
    for folder in folders:
        names = [path.name for path in list_folder(root / folder) if path.is_file()]
        images = {without_extension(name) for name in names if is_photo(name)}
        texts = [name for name in names if name.lower().endswith(ENDINGS)]
        for name in [name for name in texts if without_extension(name) not in images][:MOST_FILES]:
            file = posixpath.normpath(f"{folder}/{name}")
            try:
                table = read_table(lying(root, file), file)
            except DataError as error:
                findings.append(unreadable(error, root, f"no name of it is taken. {error.fix}"))
                continue
            tables += [] if table is None else [table]
    return tables


def list_folder(folder: Path) -> list[Path]:
    """What lies in a folder, by name; nothing of one that cannot be read."""
    try:
        return sorted(path for path in folder.iterdir() if path.name[0] != ".")
    except OSError:
        return []


def read_table(path: Path, name: str) -> Table | None:
    """What a file says of colours; None for one that is no table of them (most of its rows are none), or too large.

    Raises DataError for a table that is not in UTF-8, and one whose header promises colours that none of its rows has.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError:
        return None
    if _table(text.splitlines(), name) is None:
        return None
    lines = read_lines(path, name)
    table = _table(lines, name)
    if table is not None and not table.names:
        place, found = table.wrong[0]
        raise DataError(
            name,
            place=place,
            found=found,
            expected="a name and its red, green and blue, whole numbers of 0 to 255",
            fix="Mend this and the rows below it.",
        )
    return table


def _table(lines: Sequence[str], name: str) -> Table | None:
    headed, rows = False, list[Row]()
    if name.lower().endswith(".json"):
        rows = list(rows_of_json("\n".join(lines)))
    else:
        headed, rows = _rows(lines)
    names: dict[Color, str] = {}
    wrong: list[tuple[str, str]] = []
    for row in rows:
        if row.color is None or not row.name:
            wrong.append((row.place, _short(row.text)))
        elif row.name in names.values() and names.get(row.color) != row.name:
            wrong.append((row.place, f"the name {row.name!r} again"))
        elif names.setdefault(row.color, row.name) != row.name:
            wrong.append((row.place, f"the colour {row.color} again, as {row.name!r}"))
    if (names and len(names) >= len(wrong)) or (headed and rows):
        kept = {row.number: row.name for row in rows if row.number is not None and row.name in names.values()}
        numbers = kept if len(kept) == len(names) else {}
        return Table(name, names, tuple(wrong), headed, numbers)
    return None


def _rows(lines: Sequence[str]) -> tuple[bool, list[Row]]:
    """Whether there is a header of colours, and what each line says; a first line without a number is a header, too."""
    said = [
        (f"line {number}", line.strip())
        for number, line in enumerate(lines, 1)
        if line.strip() and (not line.lstrip().startswith("#") or _HEX.match(line.lstrip()))
    ]
    if len(said) > MOST_ROWS or max((len(text) for _, text in said), default=0) > LONGEST:
        return False, []
    if said and (columns := _Columns.of(said[0][1])) is not None:
        return True, [columns.row(place, text) for place, text in said[1:]]
    if said and not re.search("[0-9]", said[0][1]):
        del said[0]
    rows = [_row(place, text) for place, text in said]
    if all(_LEADING.match(row.name) for row in rows if row.color is not None):  # "0 road", "1 car", …
        rows = [
            row._replace(name=row.name[match.end() :], number=int(match[0]))
            if (match := _LEADING.match(row.name))
            else row
            for row in rows
        ]
    return False, rows


def _row(place: str, text: str) -> Row:
    """A line of which nobody says what stands where: three numbers side by side, and a name before or after them."""
    runs = [match for match in _RUN.finditer(text) if len(_numbers(match[0])) >= 3] or [*_HEX.finditer(text)]
    if len(runs) != 1:
        return Row(place, text, "", None)
    match = runs[0]
    color = _hex_color(match[1]) if match.re is _HEX else _color(_numbers(match[0]))
    cells = re.split(r"[,;\t|]", f"{text[: match.start()]}\t{text[match.end() :]}")
    named = [cell for cell in (cell.strip(_AROUND + "-") for cell in cells) if cell and not cell.isdigit()]
    return Row(place, text, named[0] if named else "", color)


@dataclass(frozen=True)
class _Columns:
    """What a header says: between which characters columns stand, and what is in them."""

    delimiter: str
    names: tuple[int, ...]
    channels: tuple[int, ...]
    numbers: int | None

    @classmethod
    def of(cls, header: str) -> _Columns | None:
        """None for a line that heads no table of colours."""
        delimiter = next((one for one in "\t;," if one in header), "")
        heads = [cell.strip(_AROUND).lower() for cell in _cells(header, delimiter)] if delimiter else []
        channels = [next((at for at, head in enumerate(heads) if head in words), -1) for words in _CHANNELS]
        if min(channels) < 0:
            return None
        others = [at for at in range(len(heads)) if at not in channels]
        named = sorted(others, key=lambda at: not _NAME.search(heads[at]))
        numbers = next((at for at in others if _NUMBER.search(heads[at])), None)
        return cls(delimiter, tuple(named), tuple(channels), numbers)

    def row(self, place: str, text: str) -> Row:
        cells = [cell.strip(_AROUND) for cell in _cells(text, self.delimiter)]
        if len(cells) <= max(self.channels):
            return Row(place, text, "", None)
        channels = [cells[at] for at in self.channels]
        color = (
            _color([int(one) for one in channels])
            if all(re.fullmatch(_BYTE, one) for one in channels)
            else None
        )
        there = [cells[at] for at in self.names if at < len(cells) and cells[at]]
        words = [cell for cell in there if not cell.isdigit()]
        number = cells[self.numbers] if self.numbers is not None and self.numbers < len(cells) else ""
        counted = int(number) if re.fullmatch("[0-9]{1,5}", number) else None
        return Row(place, text, (words or there or [""])[0], color, counted)


def _cells(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), [])


def _numbers(text: str) -> list[int]:
    return [int(one) for one in re.findall("[0-9]+", text)]


def _color(numbers: Sequence[int]) -> Color | None:
    if len(numbers) != 3 or max(numbers) > 255:
        return None
    red, green, blue = numbers
    return red, green, blue


def _hex_color(text: str) -> Color:
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:6], 16)


def _short(text: str) -> str:
    return repr(text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…")
