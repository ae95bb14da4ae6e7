"""Predicted masks as people write them, to class ids: grey, palettised, coloured, or Cityscapes' label ids.

index            the stored numbers are class ids (palettised files too: their indices)
palette          the same, and only palettised files will do
colors           RGB, or a palettised file's colours, looked up among the ontology's
cityscapes-ids   0 to 33 of the label table of cityscapesscripts; ids that are not evaluated are no class

255, and among colours the border and void colours below, say "no class": wrong wherever the truth is known. Any other
value is an error with file, row and column; nothing is mapped to the nearest class.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from segdata.errors import ConfigError, DataError
from segdata.mask_file import read_mask_values, read_palette
from segdata.ontology import IGNORE_INDEX, Ontology, load_ontology
from segdata.sample import Mask
from segdata.wording import counted

Encoding = Literal["index", "palette", "colors", "cityscapes-ids"]
ENCODINGS: tuple[str, ...] = get_args(Encoding)

NO_CLASS_COLORS = ((224, 224, 224), (224, 224, 192), (0, 0, 0))
"""segdata's own for 255, VOC's border, Cityscapes' unlabelled; each unless the ontology has a class of that colour."""

_LOOKED_AT = 16
_SAY = "Say what the files hold: --encoding index, palette, colors or cityscapes-ids."


def read_class_ids(path: Path, name: str, encoding: Encoding, ontology: Ontology) -> Mask:
    """A mask file as class ids, uint8 (H, W), 255 = no class.

    Raises DataError naming file, row, column and value for one that is no class, and for a file of another kind.
    """
    values = read_mask_values(path, name)
    palette = read_palette(path, name)
    if encoding == "colors":
        if palette is not None:
            values = palette[values]
        if values.ndim != 3:
            raise _other_kind(name, "grey numbers", "colours (RGB or palettised)")
        return _of_colors(values, name, ontology)
    if values.ndim != 2:
        raise _other_kind(name, "colours (RGB)", "one channel of numbers")
    if encoding == "palette" and palette is None:
        raise _other_kind(name, "grey numbers", "a palettised file")
    if encoding == "cityscapes-ids":
        return _of_cityscapes_ids(values, name, ontology)
    wrong = (values >= len(ontology)) & (values != IGNORE_INDEX)
    if wrong.any():
        said = f"a class id of 0 to {len(ontology) - 1} ({numbered(ontology.names)}), or 255 for no class"
        raise _stray(values, wrong, name, said)
    return values.astype(np.uint8)


def numbered(names: Sequence[str]) -> str:
    """Names with the ids that predictions must use, whatever numbers the annotations use: "0 sky, 1 road, …"."""
    shown = [f"{id} {name}" for id, name in enumerate(names[:12])]
    return ", ".join([*shown, "…"] if len(names) > len(shown) else shown)


def guess_encoding(
    files: Sequence[tuple[Path, str]], ontology: Ontology, colors_known: bool = True
) -> tuple[Encoding, str]:
    """What files (path, name) hold, from up to 16 of them evenly spaced, and a half-sentence that says why.

    colors_known  the ontology's colours are somebody's own, not made up for its names
    Raises ConfigError where numbers could be class ids and Cityscapes ids alike, or the files are of several kinds.
    """
    places = sorted({round(place) for place in np.linspace(0, len(files) - 1, min(len(files), _LOOKED_AT))})
    looked_at = [files[place] for place in places]
    kinds = {name: kind_of(path, name, ontology, colors_known) for path, name in looked_at}
    (first, kind), *others = kinds.items()
    for name, other in others:
        if other != kind:
            raise ConfigError(
                "--encoding", found=f"{first} ({kind}) and {name} ({other})", expected="one kind", fix=_SAY
            )
    if kind != "index":
        why = {"palette": "palettised", "colors": "in the ontology's colours"}[kind]
        return kind, f"{first} is {why}"
    if not set(load_ontology("cityscapes-19").names) <= set(ontology.names):
        return "index", f"{first} holds numbers"
    return _class_or_cityscapes_ids(looked_at, len(ontology))


def kind_of(path: Path, name: str, ontology: Ontology, colors_known: bool = True) -> Encoding:
    """colors, palette or index (grey) from one file alone.

    Raises DataError for a file that cannot be read, and for a palette some of whose colours stand for other ids.
    """
    values = read_mask_values(path, name)
    palette = read_palette(path, name)
    if palette is None:
        return "colors" if values.ndim == 3 else "index"
    if not colors_known:
        return "palette"
    colors, colors_of = color_ids(ontology), dict(enumerate(ontology.palette))
    used = np.flatnonzero(np.bincount(values.ravel(), minlength=256)).tolist()
    said = {
        index: index if color == colors_of.get(index) else colors.get(color)  # two classes may share a colour
        for index in used
        if index != IGNORE_INDEX and (color := tuple(palette[index].tolist()))
    }
    if all(id in (index, None) for index, id in said.items()):
        return "palette"
    if None not in said.values():
        return "colors"
    index, id = next((index, id) for index, id in said.items() if id not in (index, None))
    means = "no class" if id == IGNORE_INDEX else f"class {id}, {ontology.names[id or 0]}"
    raise DataError(
        name,
        found=f"index {index} in the colour of {means}, and other indices in colours of no class",
        expected="indices that are class ids, or colours that are the classes'",
        fix=_SAY,
    )


def color_ids(ontology: Ontology) -> dict[tuple[int, int, int], int]:
    """Class id of each of the ontology's colours, and 255 of those that say "no class"."""
    table = {color: index for index, color in enumerate(ontology.palette)}
    for color in NO_CLASS_COLORS:
        table.setdefault(color, IGNORE_INDEX)
    return table


def _class_or_cityscapes_ids(files: Sequence[tuple[Path, str]], num_classes: int) -> tuple[Encoding, str]:
    first = files[0][1]
    stem = Path(first).stem
    if stem.endswith("_labelTrainIds"):
        return "index", f"{first} says train ids"
    if stem.endswith("_labelIds"):
        return "cityscapes-ids", f"{first} says label ids"
    values = sorted(
        {int(v) for path, name in files for v in np.unique(read_mask_values(path, name))} - {IGNORE_INDEX}
    )
    if any(num_classes <= value <= 33 for value in values):
        return "cityscapes-ids", f"values up to {values[-1]} occur, and there are {num_classes} classes"
    if any(1 <= value <= 6 for value in values):
        # As ids these are the car's own hood, the rectification border, …, ground: nobody predicts them.
        return "index", f"value {next(value for value in values if 1 <= value <= 6)} occurs"
    raise ConfigError(
        "--encoding",
        found=f"values {values[:8]} in {first} and others, which could be class ids and Cityscapes ids",
        expected="one of the two said",
        fix=_SAY,
    )


def _of_colors(colors: NDArray[Any], name: str, ontology: Ontology) -> Mask:
    if len(set(ontology.palette)) < len(ontology):
        raise ConfigError(
            f"ontology {ontology.name}",
            found="two classes of one colour",
            expected="a colour for each",
            fix=_SAY,
        )
    table = color_ids(ontology)
    codes = np.array([red << 16 | green << 8 | blue for red, green, blue in table], np.int64)
    order = np.argsort(codes)
    ids = np.array(list(table.values()), np.uint8)[order]
    channels = colors.astype(np.int64)
    coded = channels[..., 0] << 16 | channels[..., 1] << 8 | channels[..., 2]
    place = np.minimum(np.searchsorted(codes[order], coded), len(codes) - 1)
    wrong = codes[order][place] != coded
    if wrong.any():
        raise _stray(colors, wrong, name, f"a colour of ontology {ontology.name}")
    mask: Mask = ids[place]
    return mask


def _of_cityscapes_ids(values: NDArray[Any], name: str, ontology: Ontology) -> Mask:
    from cityscapesscripts.helpers.labels import labels

    table = np.full(65536, IGNORE_INDEX, np.uint8)
    known = np.zeros(65536, bool)
    known[IGNORE_INDEX] = True
    for label in labels:
        evaluated = 0 <= label.trainId < IGNORE_INDEX
        if label.id >= 0 and (label.name in ontology.names or not evaluated):
            known[label.id] = True
            table[label.id] = ontology.id_of(label.name) if evaluated else IGNORE_INDEX
    wrong = ~known[values]
    if wrong.any():
        raise _stray(values, wrong, name, f"a Cityscapes id whose class is in ontology {ontology.name}")
    mask: Mask = table[values]
    return mask


def _stray(values: NDArray[Any], wrong: NDArray[np.bool_], name: str, expected: str) -> DataError:
    row, column = np.argwhere(wrong)[0].tolist()
    value = values[row, column].tolist()
    what = f"colour {tuple(value)}" if isinstance(value, list) else f"value {value}"
    return DataError(
        name,
        place=f"row {row}, column {column}",
        found=f"{what} ({counted(int(wrong.sum()), 'such pixel')})",
        expected=expected,
        fix=_SAY,
    )


def _other_kind(name: str, found: str, expected: str) -> DataError:
    return DataError(name, found=found, expected=expected, fix=_SAY)
