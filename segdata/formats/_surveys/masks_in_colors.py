"""A survey of photos and masks whose pixels are colours (RGB): which colours, and what they are called.

"128,64,128" in 48 of 48 masks, "0,0,142" in 31   →   label map {"128,64,128": road, "0,0,142": car}, ontology cityscapes-19

Names are those of a file beside the masks, else of a well-known palette; otherwise class 0, class 1, … stand there for
the user to fill in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.label_file import BORDER, Color, color_text
from segdata.formats._surveys.common import nothing_readable, unreadable
from segdata.formats._surveys.mask_colors import (
    BLACK,
    COLOR_FILES,
    Palette,
    colors_of,
    palettes_with,
    read_color_names,
)
from segdata.formats._surveys.mask_files import UNREAD, look, read_pairs
from segdata.formats._surveys.mask_folders import Pair, beside, is_named, options_of, shown
from segdata.mask_file import read_mask_values
from segdata.ontology import IGNORE, IGNORE_INDEX
from segdata.survey import VOID_NAMES, Survey
from segdata.wording import counted

LEAST_STRAYS = 8
"""Fewer rare colours than this may well be rare classes."""


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
    palette, checks = _palette(root, pairs, colors, findings)
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
    root: Path, pairs: Sequence[Pair], colors: Sequence[Color], findings: list[Finding]
) -> tuple[Palette, list[str]]:
    """What the colours mean, and what of it the user must look at."""
    file, named = _names(root, pairs, findings)
    if named:
        return _named_palette(file, named, colors)
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


def _named_palette(
    file: str, named: Mapping[Color, str], colors: Sequence[Color]
) -> tuple[Palette, list[str]]:
    """`_palette` where a file names colours."""
    palette = _filled_in(file, named, colors)
    checks = [
        f"{color_text(color)} is mapped to ignore, as {file} calls it {name!r}: is that what it means?"
        for color, name in named.items()
        if palette.classes[color] == IGNORE
    ]
    lacking = [name for color, name in palette.classes.items() if color not in named and name != IGNORE]
    if lacking:
        checks.append(f"{file} does not name {counted(len(lacking), 'colour')}: {_rename(lacking)}")
    return palette, checks


def _rename(names: Sequence[str]) -> str:
    """What to do about class 0, class 1, …"""
    which = f"{names[0]} to {names[-1]}" if len(names) > 1 else names[0]
    return f"call {which} in ontology and label_map what they are (several colours may become one class)."


def _names(root: Path, pairs: Sequence[Pair], findings: list[Finding]) -> tuple[str, Mapping[Color, str]]:
    """The file beside the masks that names colours, and the names; "" and none without one that can be read."""
    for file in beside(pairs, COLOR_FILES):
        if (root / file).is_file():
            try:
                named = read_color_names(root / file, file)
            except DataError as error:
                findings.append(unreadable(error, root, UNREAD))
                continue
            if 0 < len(named) <= IGNORE_INDEX:
                return file, named
    return "", {}


def _filled_in(file: str, named: Mapping[Color, str], colors: Sequence[Color]) -> Palette:
    """The names of a file, and of the colours that it does not name: class 0, class 1, … by their ids."""
    classes = {color: IGNORE if name.lower() in VOID_NAMES else name for color, name in named.items()}
    ids = count(sum(name != IGNORE for name in classes.values()))
    free = (name for number in ids if (name := f"class {number}") not in classes.values())
    for color in colors:
        if color not in classes:
            classes[color] = IGNORE if color == BORDER and len(colors) > 1 else next(free)
    return Palette(file, {name: color for color, name in classes.items() if name != IGNORE}, classes)
