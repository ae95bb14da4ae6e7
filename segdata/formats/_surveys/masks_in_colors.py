"""A survey of photos and masks whose pixels are colours (RGB): which colours, and what they are called.

"128,64,128" in 48 of 48 masks, "0,0,142" in 31   →   label map {"128,64,128": road, "0,0,142": car}, ontology cityscapes-19

What they are called: `color_names.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.label_file import Color, color_text
from segdata.formats._surveys.color_names import Seen, palette_of
from segdata.formats._surveys.common import nothing_readable
from segdata.formats._surveys.mask_colors import colors_of
from segdata.formats._surveys.mask_files import look, read_pairs
from segdata.formats._surveys.mask_folders import Pair, folders_beside, is_named, options_of, shown
from segdata.mask_file import read_values_and_palette
from segdata.ontology import IGNORE_INDEX
from segdata.survey import Survey
from segdata.wording import counted

LEAST_STRAYS = 8
"""Fewer rare colours than this may well be rare classes."""


def survey_colors(root: Path, pairs: Sequence[Pair], kind: str = "RGB") -> Survey:
    """What these folders of photos and coloured masks hold. `kind` is how the colours are stored, for people."""
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
        return nothing_readable("masks", f"{many} in colours ({kind})", paired.photos, findings)
    seen = Seen(pixels, looked.labels, looked.masks, len(paired.masks))
    palette, checks = palette_of(root, folders_beside(pairs), seen, findings)
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
        evidence=f"{many} in {counted(len(colors), 'colour')} ({kind}){whose}",
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
    values, palette = read_values_and_palette(path, name)
    if palette is not None:
        values = palette[values]
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
    whole = sum(pixels.values())
    return [color for color, many in pixels.items() if many * 1000 < whole]


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
