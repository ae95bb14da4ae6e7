"""Masks of numbers beside a table of colours: what the table says of the numbers.

    class_dict.csv        name,r,g,b          grey masks of 0 and 255: by their greys, 255 is (255, 255, 255)
    class_dict_seg.csv    name,r,g,b          masks of 0 to 23: by the order of the 24 rows, 0 is the first
    legend.csv            id,name,r,g,b       by the column that numbers the rows

The order of rows is a custom of many sets and no more: the user is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segdata.errors import DataError
from segdata.file_names import lying
from segdata.findings import Finding
from segdata.formats._parts.label_file import Color
from segdata.formats._surveys.color_tables import Table
from segdata.formats._surveys.mask_colors import colors_of
from segdata.mask_file import read_values_and_palette
from segdata.ontology import IGNORE, IGNORE_INDEX
from segdata.survey import VOID_NAMES, evenly_spaced
from segdata.wording import counted

TRIED = 3
MOST_LISTED = 8


@dataclass(frozen=True)
class Numbered:
    """What the numbers of masks are.

    said      the numbers that the table speaks of
    classes   number → class or "ignore"
    ontology  class → colour, in order
    check     what the user is asked
    findings  rows of the table that are none
    """

    file: str
    said: frozenset[int]
    classes: Mapping[str | int, str]
    ontology: Mapping[str, Color]
    check: str
    findings: Sequence[Finding]


def numbers_by_table(tables: Sequence[Table], found: Iterable[str | int]) -> Numbered | None:
    """What the first of these tables says that speaks of all numbers found; None where none does.

    255 need not be in it: beside other numbers, it is proposed as ignore.
    """
    numbers = {number for number in found if isinstance(number, int)}
    without_void = numbers - {IGNORE_INDEX}
    for wanted in (numbers, without_void if len(without_void) > 1 else numbers):
        for table in tables:
            greys = {color[0]: name for color, name in table.names.items() if len(set(color)) == 1}
            in_order = {} if table.wrong or table.numbers else dict(enumerate(table.names.values()))
            for named, how in (
                (greys, "by their greys"),
                (table.numbers, "by the column that numbers its rows"),
                (in_order, "in the order of its rows"),
            ):
                if len(wanted) > 1 and wanted <= named.keys():
                    return _numbered(table, named, how, numbers)
    return None


def _numbered(table: Table, named: Mapping[int, str], how: str, numbers: Collection[int]) -> Numbered:
    colors = {name: color for color, name in table.names.items()}
    classes: dict[str | int, str] = {
        number: IGNORE if name.lower() in VOID_NAMES else name for number, name in sorted(named.items())
    }
    ontology = {name: colors[name] for name in classes.values() if name != IGNORE}
    if IGNORE_INDEX in numbers:
        classes.setdefault(IGNORE_INDEX, IGNORE)
    first = ", ".join(f"{number} is {named[number]!r}" for number in sorted(named)[:2])
    check = f"{table.file} names colours, and the masks hold numbers, which it names {how} ({first}, …): is that so?"
    check += "".join(
        f" {number} is mapped to ignore because of its name."
        for number, name in named.items()
        if name not in ontology
    )
    return Numbered(table.file, frozenset(named), classes, ontology, check, table.findings())


def unsaid(tables: Sequence[Table], found: Iterable[str | int]) -> list[Finding]:
    """What is told of tables when `numbers_by_table` gives nothing."""
    listed = ", ".join(map(str, list(found)[:MOST_LISTED]))
    findings: list[Finding] = []
    for table in tables:
        message = (
            f"names {counted(len(table.names), 'colour')}, but not the numbers that the masks hold: {listed}"
        )
        findings += table.findings()
        findings.append(Finding("foreign-colours", table.file, "", message, "not taken", "warning"))
    return findings


def is_palette_of(root: Path, masks: Sequence[str], tables: Sequence[Table]) -> bool:
    """Whether these are palettised masks, and a table names most of the colours in them."""
    seen: set[Color] = set()
    for name in evenly_spaced(masks, TRIED):
        try:
            values, palette = read_values_and_palette(lying(root, name), name)
        except DataError:
            continue
        if palette is None or values.ndim != 2 or int(values.max(initial=0)) > IGNORE_INDEX:
            return False
        seen |= set(colors_of(palette[values])[0])
    return any(2 * len(seen & table.names.keys()) > len(seen) for table in tables)
