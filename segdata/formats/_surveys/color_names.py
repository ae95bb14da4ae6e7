"""What the colours of masks are called, and what of that the user must look at.

Names are those of a file beside the masks, else of a well-known palette; otherwise class 0, class 1, … stand there for
the user to fill in. Of a palette, only the classes are proposed that a mask holds, where all masks were looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from segdata.findings import Finding
from segdata.formats._parts.label_file import BORDER, Color, color_text
from segdata.formats._surveys.color_tables import Table, find_tables
from segdata.formats._surveys.mask_colors import BLACK, Palette, palettes_with
from segdata.ontology import IGNORE, IGNORE_INDEX
from segdata.survey import VOID_NAMES
from segdata.wording import counted

MOST_LISTED = 8
"""So many colours without a name are listed."""


@dataclass(frozen=True)
class Seen:
    """What the masks looked at hold: pixels of each colour, and masks by the colour's text; and how many masks there are."""

    pixels: Mapping[Color, int]
    masks: Mapping[str | int, int]
    looked_at: int
    all_masks: int


def palette_of(
    root: Path, folders: Sequence[str], seen: Seen, findings: list[Finding]
) -> tuple[Palette, list[str]]:
    """What the colours mean, and what of it the user must look at.

    folders  where a file may lie that names colours, relative to the root
    """
    colors = sorted(seen.pixels)
    tables = find_tables(root, folders, findings)
    tables.sort(key=lambda table: -len(table.names.keys() & seen.pixels))
    if tables and tables[0].names.keys() & seen.pixels:
        findings += tables[0].findings()
        return _named_palette(tables, seen, findings)
    findings += (_foreign(one, colors) for one in tables if one.is_sure)
    known = palettes_with(colors)
    if len(known) == 1:
        (palette,) = known
        palette, absent = palette.held(colors) if seen.looked_at == seen.all_masks else (palette, ())
        checks = [
            f"The colours are those of {palette.name}, and so are the names: is that what they mean here?"
        ]
        if absent:
            many = f"{counted(len(absent), 'more class', 'more classes')}, which no mask here holds"
            checks.append(
                f"{palette.name} has {many}: not proposed ({', '.join(absent[:3])}{', …' if absent[3:] else ''})."
            )
        elif seen.looked_at < seen.all_masks:
            checks.append(
                f"All classes of {palette.name} are proposed, as {seen.looked_at} of {seen.all_masks} masks were looked at: "
                "segdata check names those that no mask holds; take them out, if none will."
            )
        return palette, checks
    palette = _filled_in("", {}, colors)
    checks = [
        f"Nobody names the colours: {_rename([name for name in palette.classes.values() if name != IGNORE])}"
    ]
    if known:
        names = " and ".join(one.name for one in known)
        checks.append(f"The palettes of {names} all have these colours, with other names: whose are they?")
    if BLACK in colors:
        checks.append(
            'Black is a class of its own here: map "0,0,0" to ignore if it means that nobody labelled it.'
        )
    return palette, checks


def _named_palette(tables: Sequence[Table], seen: Seen, findings: list[Finding]) -> tuple[Palette, list[str]]:
    """`palette_of` where files name colours, the first of them the most."""
    table, *others = tables
    file, named = table.file, dict(table.names)
    if len(named) > IGNORE_INDEX:
        named = {color: name for color, name in named.items() if color in seen.pixels}
    palette = _filled_in(file, named, sorted(seen.pixels))
    checks = [
        f"{color_text(color)} is mapped to ignore, as {file} calls it {name!r}: is that what it means?"
        for color, name in named.items()
        if palette.classes[color] == IGNORE
    ]
    lacking = {
        color: name for color, name in palette.classes.items() if color not in named and name != IGNORE
    }
    if lacking:
        names = list(lacking.values())
        black = (
            f' Black often is what nobody labelled: then map "0,0,0" to {IGNORE}.' if BLACK in lacking else ""
        )
        checks.append(f"{file} does not name {counted(len(names), 'colour')}: {_rename(names)}{black}")
        findings.append(_unnamed(table, lacking, seen))
    for other in others:
        differ = [
            color for color in seen.pixels if other.names.get(color, named.get(color)) != named.get(color)
        ]
        if differ:
            color = min(differ)
            said = f"{color_text(color)} is {other.names[color]!r} in {other.file}"
            checks.append(
                f"{said}, and {named.get(color, 'nothing')!r} in {file}, which was taken: which is right?"
            )
    return palette, checks


def _unnamed(table: Table, lacking: Mapping[Color, str], seen: Seen) -> Finding:
    """Which colours of the masks a file does not name, and how much of the masks they are."""
    listed = [
        f"{color_text(color)} ({counted(seen.pixels[color], 'pixel')} in {seen.masks[color_text(color)]} of "
        f"{counted(seen.looked_at, 'mask')}, here {name!r}){_mistyped(color, table, seen)}"
        for color, name in sorted(lacking.items(), key=lambda item: -seen.pixels[item[0]])
    ]
    more = f" and {len(listed) - MOST_LISTED} more" if len(listed) > MOST_LISTED else ""
    message = f"names {len(seen.pixels) - len(lacking)} of the masks' {counted(len(seen.pixels), 'colour')}, but not "
    message += ", ".join(listed[:MOST_LISTED]) + more + _swapped(table, seen.pixels)
    action = f"proposed as a class: name it, or map it to {IGNORE} where it means that nobody labelled it, as black often does"
    return Finding("unnamed-colours", table.file, "", message, action, "warning")


def _mistyped(color: Color, table: Table, seen: Seen) -> str:
    """A hint where the file has about the same colour, which no mask holds."""
    near = [
        f"{name!r} as {color_text(other)}"
        for other, name in table.names.items()
        if other not in seen.pixels and all(map(_is_nearly, color, other))
    ]
    return (
        f" - mistyped, or changed by a program? It names {near[0]}, which none holds"
        if len(near) == 1
        else ""
    )


def _is_nearly(value: int, other: int) -> bool:
    """The same, but for rounding or one digit: 142 and 143, 42, 152."""
    one, two = sorted((str(value), str(other)), key=len)
    if len(one) == len(two):
        digits = sum(a != b for a, b in zip(one, two, strict=True)) <= 1
    else:
        digits = any(one == two[:at] + two[at + 1 :] for at in range(len(two))) and one != "0"
    return digits or abs(value - other) <= 3


def _foreign(table: Table, colors: Sequence[Color]) -> Finding:
    """A file whose colours are not those of the masks."""
    listed = ", ".join(map(color_text, colors[:3])) + (", …" if len(colors) > 3 else "")
    message = f"names {counted(len(table.names), 'colour')}, and none is in the masks looked at, which hold {listed}"
    return Finding(
        "foreign-colours", table.file, "", message + _swapped(table, colors), "not taken", "warning"
    )


def _swapped(table: Table, colors: Collection[Color]) -> str:
    """A hint where the table is one of blue, green and red."""
    turned = {(blue, green, red) for red, green, blue in table.names}
    as_it_is, otherwise = len(table.names.keys() & set(colors)), len(turned & set(colors))
    if otherwise <= as_it_is:
        return ""
    return f"; read as blue, green, red it would name {otherwise}: swap the columns, if that is what they are"


def _rename(names: Sequence[str]) -> str:
    """What to do about class 0, class 1, …"""
    which = f"{names[0]} to {names[-1]}" if len(names) > 1 else names[0]
    return f"call {which} in ontology and label_map what they are (several colours may become one class)."


def _filled_in(file: str, named: Mapping[Color, str], colors: Sequence[Color]) -> Palette:
    """The names of a file, and of the colours that it does not name: class 0, class 1, … by their ids."""
    classes = {color: IGNORE if name.lower() in VOID_NAMES else name for color, name in named.items()}
    ids = count(sum(name != IGNORE for name in classes.values()))
    free = (name for number in ids if (name := f"class {number}") not in classes.values())
    for color in colors:
        if color not in classes:
            classes[color] = IGNORE if color == BORDER and len(colors) > 1 else next(free)
    return Palette(file, {name: color for color, name in classes.items() if name != IGNORE}, classes)
