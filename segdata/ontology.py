"""The classes of a dataset: names, ids and colours in one table, every lookup derived from it.

>>> city = load_ontology("cityscapes-19")
>>> city.names[:3], city.palette[0]
(('road', 'sidewalk', 'building'), (128, 64, 128))
>>> load_ontology("voc-21").palette[15]
(192, 128, 128)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from segdata.errors import ConfigError, nearest

IGNORE_INDEX = 255
"""Mask value of pixels that are neither trained on nor scored."""

IGNORE = "ignore"
"""The name that stands for IGNORE_INDEX in label maps."""

VOC_CLASSES = (
    "background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike "
    "person pottedplant sheep sofa train tvmonitor"
).split()


@dataclass(frozen=True, slots=True)
class Label:
    """One class: its name and its colour (RGB, 0…255) in overlays and palettised masks."""

    name: str
    color: tuple[int, int, int]


@dataclass(frozen=True)
class Ontology:
    """The ordered classes of a dataset; a label's position is its class id.

    Raises ConfigError for fewer than 1 or more than 255 classes, a repeated name, or a class called "ignore".
    """

    name: str
    labels: tuple[Label, ...]

    def __post_init__(self) -> None:
        where = f"ontology {self.name}"
        if not 1 <= len(self.labels) <= IGNORE_INDEX:
            raise ConfigError(where, found=f"{len(self.labels)} classes", expected="1 to 255 classes")
        seen: set[str] = set()
        for label in self.labels:
            if label.name == IGNORE:
                raise ConfigError(
                    where, found=f"a class named {IGNORE!r}", expected="another name: it means 255"
                )
            if label.name in seen:
                raise ConfigError(where, found=f"class {label.name!r} twice", expected="each name once")
            seen.add(label.name)

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    @cached_property
    def palette(self) -> tuple[tuple[int, int, int], ...]:
        return tuple(label.color for label in self.labels)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.names)}

    def id_of(self, name: str) -> int:
        """Class id of a name; "ignore" gives 255. Raises ConfigError with the nearest name."""
        if name == IGNORE:
            return IGNORE_INDEX
        if name not in self._ids:
            raise ConfigError(
                f"ontology {self.name}",
                found=f"class {name!r}",
                expected=nearest(name, [*self.names, IGNORE]),
            )
        return self._ids[name]

    def color_table(self) -> NDArray[np.uint8]:
        """uint8 (256, 3) RGB: colour of every mask value; ids without a class and 255 are near-white grey."""
        table = np.full((256, 3), 224, np.uint8)
        table[: len(self.labels)] = self.palette
        return table


@cache
def voc_palette() -> tuple[tuple[int, int, int], ...]:
    """The 256 RGB colours of PASCAL VOC, computed: the bits of the index spread over the channels.

    Source: VOCdevkit/VOCcode/VOClabelcolormap.m.
    """
    colors = []
    for index in range(256):
        red = green = blue = 0
        for bit in range(8):
            red |= ((index >> (3 * bit)) & 1) << (7 - bit)
            green |= ((index >> (3 * bit + 1)) & 1) << (7 - bit)
            blue |= ((index >> (3 * bit + 2)) & 1) << (7 - bit)
        colors.append((red, green, blue))
    return tuple(colors)


def ontology_of_names(
    name: str, names: Sequence[str], colors: Iterable[tuple[int, int, int]] = ()
) -> Ontology:
    """An ontology from names in id order; colours default to the VOC palette, shifted by one to avoid black."""
    given = list(colors) or voc_palette()[1 : len(names) + 1]
    return Ontology(name, tuple(Label(label, color) for label, color in zip(names, given, strict=True)))


def _cityscapes(num_classes: int) -> Ontology:
    from cityscapesscripts.helpers.labels import labels

    trained = sorted((label for label in labels if 0 <= label.trainId < 19), key=lambda label: label.trainId)
    classes = [Label(label.name, tuple(label.color)) for label in trained]
    if num_classes == 20:
        classes.append(Label("void", (0, 0, 0)))
    return Ontology(f"cityscapes-{num_classes}", tuple(classes))


def load_ontology(name: str) -> Ontology:
    """A built-in ontology by name: cityscapes-19, cityscapes-20 (void is class 19) or voc-21.

    Raises ConfigError with the nearest name.
    """
    if name == "cityscapes-19":
        return _cityscapes(19)
    if name == "cityscapes-20":
        return _cityscapes(20)
    if name == "voc-21":
        return ontology_of_names(name, VOC_CLASSES, voc_palette()[:21])
    raise ConfigError(
        "source.ontology",
        found=repr(name),
        expected=nearest(name, ["cityscapes-19", "cityscapes-20", "voc-21"]),
        fix="Or list the classes themselves: a mapping of class name to [red, green, blue].",
    )
