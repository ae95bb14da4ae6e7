"""Which colours a coloured mask holds, and who gives such colours their meaning.

    (128, 64, 128) (70, 70, 70) (0, 0, 142)       colours of Cityscapes: road, building, car

Files that name colours: `color_tables.py`.

A well-known palette is believed where all colours that were seen are its own, at least three beside black and VOC's
border, and no other such palette has them too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segdata.formats._parts.label_file import BORDER, Color
from segdata.ontology import IGNORE, load_ontology

LEAST_COLORS = 3
BLACK: Color = (0, 0, 0)

CAMVID = """
    Animal 64 128 64, Archway 192 0 128, Bicyclist 0 128 192, Bridge 0 128 64, Building 128 0 0, Car 64 0 128,
    CartLuggagePram 64 0 192, Child 192 128 64, Column_Pole 192 192 128, Fence 64 64 128, LaneMkgsDriv 128 0 192,
    LaneMkgsNonDriv 192 0 64, Misc_Text 128 128 64, MotorcycleScooter 192 0 192, OtherMoving 128 64 64,
    ParkingBlock 64 192 128, Pedestrian 64 64 0, Road 128 64 128, RoadShoulder 128 128 192, SUVPickupTruck 64 128 192,
    Sidewalk 0 0 192, SignSymbol 192 128 128, Sky 128 128 128, TrafficCone 0 0 64, TrafficLight 0 64 64,
    Train 192 64 128, Tree 128 128 0, Truck_Bus 192 128 192, Tunnel 64 0 64, VegetationMisc 192 192 0, Wall 64 192 0
"""
"""Colours of CamVid's 32 labels without Void, which is black (Brostow, Fauqueur and Cipolla, 2009; label_colors.txt)."""


@dataclass(frozen=True)
class Palette:
    """Whose colours mean what: class names, or "ignore".

    ontology  a built-in name, or the classes with their colours in id order
    """

    name: str
    ontology: str | Mapping[str, Color]
    classes: Mapping[Color, str]

    def held(self, colors: Collection[Color]) -> tuple[Palette, tuple[str, ...]]:
        """The palette of the classes that these colours are, in the same order, and the names of the others.

        It is itself where all classes are held. What is ignored stays in it.
        """
        there = {self.classes[color] for color in colors}
        whole = self.ontology
        if isinstance(whole, str):
            known = load_ontology(whole)
            whole = dict(zip(known.names, known.palette, strict=True))
        absent = tuple(name for name in whole if name not in there)
        if not absent:
            return self, ()
        kept = {color: name for color, name in self.classes.items() if name in there or name == IGNORE}
        return Palette(self.name, {name: whole[name] for name in whole if name in there}, kept), absent


def colors_of(pixels: NDArray[np.uint8]) -> tuple[list[Color], NDArray[np.int64]]:
    """The different colours of uint8 (H, W, 3) RGB, in order, and the pixels of each; fast where neighbours are alike."""
    wide = np.zeros((*pixels.shape[:2], 4), np.uint8)
    wide[..., 1:] = pixels
    row = wide.reshape(-1, 4).view(">u4").ravel()
    starts = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]])) if row.size else np.empty(0, int)
    lengths = np.diff(starts, append=row.size)
    found, which = np.unique(row[starts], return_inverse=True)
    counts = np.bincount(which, weights=lengths, minlength=len(found)).astype(np.int64)
    return [(code >> 16, code >> 8 & 255, code & 255) for code in found.tolist()], counts


def share_of_commonest(pixels: NDArray[np.uint8], most: int) -> float:
    """The share of pixels that the commonest `most` colours cover."""
    counts = colors_of(pixels)[1]
    return float(np.sort(counts)[::-1][:most].sum() / max(1, counts.sum()))


def palettes_with(colors: Collection[Color]) -> list[Palette]:
    """The well-known palettes that have all these colours; none where there are too few to tell."""
    if len(set(colors) - {BLACK, BORDER}) < LEAST_COLORS:
        return []
    return [palette for palette in _well_known() if set(colors) <= palette.classes.keys()]


def _well_known() -> Iterable[Palette]:
    from cityscapesscripts.helpers.labels import labels

    city = load_ontology("cityscapes-19")
    ignored: dict[Color, str] = {tuple(label.color): IGNORE for label in labels}
    colors = dict(zip(city.palette, city.names, strict=True))
    yield Palette("Cityscapes", city.name, {**ignored, **colors})
    voc = load_ontology("voc-21")
    yield Palette("PASCAL VOC", voc.name, {**dict(zip(voc.palette, voc.names, strict=True)), BORDER: IGNORE})
    camvid: dict[str, Color] = {}
    for entry in CAMVID.split(","):
        name, red, green, blue = entry.split()
        camvid[name] = (int(red), int(green), int(blue))
    yield Palette("CamVid", camvid, {**{color: name for name, color in camvid.items()}, BLACK: IGNORE})
