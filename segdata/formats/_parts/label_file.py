"""What the numbers of masks are called, and the colours that stand for them.

    class_names.txt    "road" on line 1 names number 0, "car" on line 2 number 1, …   (labelme, names.txt, classes.txt)
    labelmap.txt       "road:128,64,128::" per line, with its colour                  (CVAT)
    source.label_map   "128,64,128": road, where no file names the colours

Numbers count the names; empty lines and lines that begin with # count nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segdata.errors import ConfigError, DataError
from segdata.mask_file import Palette, read_values_and_palette
from segdata.ontology import IGNORE_INDEX, voc_palette
from segdata.wording import counted

Color = tuple[int, int, int]

BORDER: Color = voc_palette()[IGNORE_INDEX]

LABEL_MAP = "source.label_map"
"""Instead of a file's name, where the label map itself has the colours."""

_COLOR = re.compile(r"\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*")

MAX_BYTES = 1 << 24
"""Larger lists of names and ids are refused."""


@dataclass(frozen=True)
class LabelFile:
    """What the indices are called, in index order, and the colours of the masks where they are given.

    name  the file, relative to the root, or what else says it, for messages
    """

    name: str
    names: tuple[str, ...]
    colors: tuple[Color, ...] = ()

    @classmethod
    def read(cls, path: Path, name: str) -> LabelFile:
        """Parse class_names.txt or labelmap.txt. Raises DataError naming the line."""
        names: dict[str, int] = {}
        colors: dict[Color, int] = {}
        for number, line in enumerate(read_lines(path, name), 1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            label, *rest = text.split(":")
            if label in names:
                raise DataError(
                    name,
                    place=f"line {number}",
                    found=f"{label!r} again",
                    expected="each name once",
                    fix="Remove or rename one: every line names a number of its own.",
                )
            names[label] = number
            if rest:
                color = _color(rest[0], name, number)
                if color in colors:
                    raise DataError(
                        name,
                        place=f"line {number}",
                        found=f"colour {color} again",
                        expected="each colour once",
                        fix="Give every label a colour of its own, as its masks have it.",
                    )
                colors[color] = number
        if not 1 <= len(names) <= IGNORE_INDEX or len(colors) not in (0, len(names)):
            raise DataError(
                name,
                found=f"{counted(len(names), 'name')}, {len(colors)} of them with a colour",
                expected="1 to 255 names, with a colour each or without any",
                fix="Write a name per line, or name:red,green,blue:: per line throughout.",
            )
        return cls(name, tuple(names), tuple(colors))


def labels_of_colors(names: Iterable[str], where: str | Path) -> LabelFile | None:
    """The names of a label map where they are colours, such as "128,64,128", each its own label; None where none is.

    Raises ConfigError for names of both kinds, a colour that stands there twice, and more than 255.
    """
    read = {name: _COLOR.fullmatch(name) for name in names}
    if not any(read.values()):
        return None
    colors: dict[Color, str] = {}
    for name, match in read.items():
        red, green, blue = map(int, match.groups()) if match else (256, 256, 256)
        twin = colors.setdefault((red, green, blue), name)
        if max(red, green, blue) > 255 or twin != name:
            beside = f" beside {twin!r}, the same colour" if twin != name else ""
            raise ConfigError(
                where,
                place=LABEL_MAP,
                found=f"{name!r}{beside}",
                expected='colours throughout, each once, red, green and blue of 0 to 255: "128,64,128"',
            )
    if len(colors) > IGNORE_INDEX:
        raise ConfigError(
            where, place=LABEL_MAP, found=counted(len(colors), "colour"), expected="at most 255"
        )
    return LabelFile(LABEL_MAP, tuple(colors.values()), tuple(colors))


def refuse_numbers(numbers: Collection[int], labels: LabelFile, where: str | Path) -> None:
    """Raise ConfigError for numbers in a label map of colours: colours have no number that anybody could know."""
    if numbers:
        raise ConfigError(
            where,
            place=LABEL_MAP,
            found=f"{'the number' if len(numbers) == 1 else 'the numbers'} {', '.join(map(str, sorted(numbers)))} "
            f"beside the colour {labels.names[0]!r}",
            expected='colours throughout, each of red, green and blue: "128,64,128"',
            fix='Write the colour for which each number stands, such as "0,0,0" for black; where the masks hold numbers, '
            "write numbers alone.",
        )


def refuse_contradictions(
    named: Mapping[int, int],
    numbers: Mapping[int, int],
    labels: LabelFile,
    classes: Sequence[str],
    where: str | Path,
) -> None:
    """Raise ConfigError where a label map sends a number to one class, and the name that a file gives it to another.

    named, numbers  value of the masks → class id, by its name and as it stands there itself
    """
    for value in sorted(named.keys() & numbers.keys()):
        if named[value] != numbers[value]:
            by_name, by_number = (
                "ignore" if one == IGNORE_INDEX else classes[one] for one in (named[value], numbers[value])
            )
            raise ConfigError(
                where,
                place=LABEL_MAP,
                found=f"{value} mapped to {by_number!r}, and {labels.names[value]!r}, which is {value} in {labels.name}, to "
                f"{by_name!r}",
                expected="one class for each value",
                fix="Leave one of the two out.",
            )


def color_text(color: Color) -> str:
    """A colour as labels say it.

    >>> color_text((128, 64, 128))
    '128,64,128'
    """
    return ",".join(map(str, color))


def read_lines(path: Path, name: str) -> list[str]:
    """Lines of a text file in UTF-8. Raises DataError for another encoding, no readable file, or MAX_BYTES and more."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES)
        if len(content) == MAX_BYTES:
            raise DataError(
                name,
                found=f"{MAX_BYTES:,} bytes or more",
                expected="a short list in a text file",
                fix="Name the list of names or ids, not another file.",
            )
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(
            name, found="bytes that are not UTF-8", expected="UTF-8 text", fix="Save it again as UTF-8."
        ) from error
    except OSError as error:
        raise DataError(
            name,
            found=f"no readable file ({error.strerror})",
            expected="a text file",
            fix="Allow reading it.",
        ) from error


def _color(text: str, name: str, number: int) -> Color:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 3 or not all(re.fullmatch("[0-9]{1,3}", part) and int(part) <= 255 for part in parts):
        raise DataError(
            name,
            place=f"line {number}",
            found=repr(text),
            expected="red,green,blue of 0 to 255",
            fix="Write a line as road:128,64,128::",
        )
    return int(parts[0]), int(parts[1]), int(parts[2])


def read_numbers(path: Path, name: str, labels: LabelFile | None) -> NDArray[Any]:
    """The numbers of a mask; where `labels` has colours, those of its colours, stored as RGB or as a palette alike.

    The colour of VOC's border, (224, 224, 192), is 255 unless the file gives it a name, or a label map lists the colours.
    Returns unsigned integers (H, W), or uint8 (H, W, 3) RGB of a mask whose colours nobody named. Raises DataError for
    a damaged file, one with an unknown colour, or one of numbers where a label map lists the colours.
    """
    return numbers_of(*read_values_and_palette(path, name), labels, name)


def numbers_of(
    values: NDArray[Any], palette: Palette | None, labels: LabelFile | None, name: str
) -> NDArray[Any]:
    """`read_numbers` of a mask file that was read."""
    if labels is None or not labels.colors:
        return values
    if palette is not None:  # with a table of colours, what an index means is its colour
        values = palette[values]
    if values.ndim != 3:
        if labels.name == LABEL_MAP:  # which numbers nothing, unlike the lines of a file
            raise DataError(
                name,
                found="a mask of one channel: numbers, no colours",
                expected="a mask in the colours of source.label_map",
                fix="Save it in colours (RGB or palettised), as the label map has them.",
            )
        return values
    colors = {} if labels.name == LABEL_MAP else {BORDER: IGNORE_INDEX}  # a label map names what it ignores
    colors |= {color: value for value, color in enumerate(labels.colors)}
    fix = f"Save masks as PNG without smoothing, or add the colour to {labels.name}."
    return indices_of_colors(values, colors, name, fix)


def indices_of_colors(
    pixels: NDArray[np.uint8],
    colors: Mapping[Color, int],
    where: str,
    fix: str = "Save masks as PNG without smoothing, or name the file of your colours in source.options.labels.",
) -> NDArray[np.uint8]:
    """Indices of a mask stored in colours.

    pixels  uint8 (H, W, 3) RGB. Returns uint8 (H, W). Raises DataError with row and column of an unknown colour.
    """
    known = np.array(
        sorted((red << 16 | green << 8 | blue, index) for (red, green, blue), index in colors.items())
    )
    codes = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    at = np.minimum(np.searchsorted(known[:, 0], codes), len(known) - 1)
    wrong = known[at, 0] != codes
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            where,
            place=f"row {row}, column {column}",
            found=f"colour {tuple(pixels[row, column].tolist())} ({counted(int(np.count_nonzero(wrong)), 'pixel')} of unknown colours)",
            expected=f"one of the palette's {counted(len(colors), 'colour')}",
            fix=fix,
        )
    indices: NDArray[np.uint8] = known[at, 1].astype(np.uint8)
    return indices
