"""A survey of photos and masks whose pixels are colours (RGB): which colours, and what they are called.

"128,64,128" in 48 of 48 masks, "0,0,142" in 31   →   label map {"128,64,128": road, "0,0,142": car}, ontology cityscapes-19

Names are those of a file beside the masks, else of a well-known palette; otherwise class 0, class 1, … stand there for
the user to fill in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.label_file import BORDER, Color, color_text
from segdata.formats._surveys.color_tables import Table, find_tables
from segdata.formats._surveys.common import nothing_readable
from segdata.formats._surveys.mask_colors import (
    BLACK,
    LEAST_COLORS,
    Palette,
    colors_of,
    palettes_with,
)
from segdata.formats._surveys.mask_files import look, read_pairs
from segdata.formats._surveys.mask_folders import Pair, folders_beside, is_named, options_of, shown
from segdata.mask_file import read_mask_values
from segdata.ontology import IGNORE, IGNORE_INDEX
from segdata.survey import VOID_NAMES, Survey
from segdata.wording import counted

LEAST_STRAYS = 8
"""Fewer rare colours than this may well be rare classes."""
MOST_LISTED = 8
"""So many colours without a name are listed."""


@dataclass(frozen=True)
class Seen:
    """What the masks looked at hold: pixels of each colour, and masks by the colour's text."""

    pixels: Mapping[Color, int]
    masks: Mapping[str | int, int]
    looked_at: int


def survey_colors(root: Path, pairs: Sequence[Pair]) -> Survey:
    """What these folders of photos and coloured masks hold."""
    options = options_of(root, pairs)
    paired = read_pairs("masks", root, options, pairs[0].photos)
    pixels: Counter[Color] = Counter()

    def labels_of(path: Path, name: str) -> list[str | int]:
        found = _colors(path, name)
        pixels.update(found)
        return [color_text(color) for color in found]

    looked = look(root, paired.masks, labels_of)
    colors = sorted(pixels)
    findings = [*paired.findings, *looked.findings, *_strays(pixels, pairs[0].masks)]
    many = f"{shown(pairs)}: {counted(len(paired.masks), 'mask')}"
    if not colors or len(colors) > IGNORE_INDEX:
        if colors:
            message = f"{len(colors):,} colours in the {counted(looked.masks, 'mask')} looked at: at most {IGNORE_INDEX} classes"
            action = "not proposed: are these single objects, or pictures, rather than classes?"
            findings.append(Finding("too-many-colours", pairs[0].masks, "", message, action, "error"))
        return nothing_readable("masks", f"{many} in colours (RGB)", paired.photos, findings)
    palette, checks = _palette(root, pairs, Seen(pixels, looked.labels, looked.masks), findings)
    whose = (
        ""
        if not palette.name
        else f", named by {palette.name}"
        if "." in palette.name
        else f" of {palette.name}"
    )
    return Survey(
        format="masks",
        certainty="likely" if is_named(pairs[0]) else "possible",
        evidence=f"{many} in {counted(len(colors), 'colour')} (RGB){whose}",
        photos=paired.photos,
        annotated=len(paired.masks),
        labels={color_text(color): looked.labels[color_text(color)] for color in colors},
        looked_at=looked.masks,
        splits=paired.splits,
        bare=paired.bare,
        ontology=palette.ontology,
        label_map={color_text(color): name for color, name in palette.classes.items()},
        options=options,
        findings=tuple(findings),
        checks=tuple(checks),
    )


def _colors(path: Path, name: str) -> dict[Color, int]:
    """The colours of a mask and the pixels of each. Raises DataError for numbers, and for more colours than classes."""
    values = read_mask_values(path, name)
    if values.ndim == 2:
        raise DataError(name, found="one channel of label values", expected="colours, as other masks here")
    colors, counts = colors_of(values)
    pixels = dict(zip(colors, counts.tolist(), strict=True))
    if len(colors) > IGNORE_INDEX:
        raise DataError(
            name,
            found=f"{len(colors):,} colours, {len(_rare(pixels)):,} of them in less than a thousandth of the pixels",
            expected="a colour per class: PNG without smoothing, and resized to the nearest pixel",
        )
    return pixels


def _rare(pixels: Mapping[Color, int]) -> list[Color]:
    """Colours in less than a thousandth of the pixels."""
    return [color for color, many in pixels.items() if many * 1000 < sum(pixels.values())]


def _strays(pixels: Mapping[Color, int], folder: str) -> list[Finding]:
    """A finding where most colours are so rare that smoothing has made them."""
    rare = _rare(pixels)
    if len(rare) < LEAST_STRAYS or 2 * len(rare) <= len(pixels):
        return []
    message = f"{len(rare)} of {len(pixels)} colours are in less than a thousandth of the pixels each: smoothed borders?"
    action = (
        "proposed as classes: better save the masks without smoothing, and resize them to the nearest pixel"
    )
    return [Finding("stray-colours", folder, "", message, action, "warning")]


def _palette(
    root: Path, pairs: Sequence[Pair], seen: Seen, findings: list[Finding]
) -> tuple[Palette, list[str]]:
    """What the colours mean, and what of it the user must look at."""
    colors = sorted(seen.pixels)
    tables = find_tables(root, folders_beside(pairs), findings)
    tables.sort(key=lambda table: -len(table.names.keys() & seen.pixels))
    if tables and tables[0].names.keys() & seen.pixels:
        findings += tables[0].findings()
        return _named_palette(tables, seen, findings)
    findings += (_foreign(one, colors) for one in tables if one.sure or len(one.names) >= LEAST_COLORS)
    known = palettes_with(colors)
    if len(known) == 1:
        (palette,) = known
        return palette, [
            f"The colours are those of {palette.name}, and so are the names: is that what they mean here?"
        ]
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
    """`_palette` where files name colours, the first of them the most."""
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
        f"{counted(seen.looked_at, 'mask')}, here {name!r})"
        for color, name in sorted(lacking.items(), key=lambda item: -seen.pixels[item[0]])
    ]
    more = f" and {len(listed) - MOST_LISTED} more" if len(listed) > MOST_LISTED else ""
    message = f"names {len(seen.pixels) - len(lacking)} of the masks' {counted(len(seen.pixels), 'colour')}, but not "
    message += ", ".join(listed[:MOST_LISTED]) + more + _swapped(table, seen.pixels)
    action = f"proposed as a class: name it, or map it to {IGNORE} where it means that nobody labelled it, as black often does"
    return Finding("unnamed-colours", table.file, "", message, action, "warning")


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
