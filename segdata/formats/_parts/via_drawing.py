"""From the regions of a VIA entry to outlines in painting order, and what is doubtful about each.

region 1  polygon of 5 points, crosses itself at x 3.5, y 2.5     → painted, and told
region 2  polyline of 4 points, all on one line                   → painted one pixel wide, and told
region 3  point                                                   → no area: ignored, and told
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from segdata.errors import ConfigError, nearest
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.formats._parts.doubts import outline_doubts, turned
from segdata.formats._parts.via_files import Entry
from segdata.formats._parts.via_shapes import (
    Point,
    Polygon,
    Polyline,
    Region,
    boxes_ticked,
    outline,
    raw_attributes,
    read_regions,
)
from segdata.ontology import IGNORE
from segdata.rasterize import PointsXY, area_px, blank_mask, count_outside, fill, stroke
from segdata.sample import Mask


class Stroke(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Polylines as open lines of so many pixels."""

    stroke: Annotated[int, msgspec.Meta(ge=1, le=1000)]


class Priority(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Class names, or "ignore", in painting order: later over earlier."""

    priority: Annotated[list[str], msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        if len(set(self.priority)) < len(self.priority):
            raise ValueError("priority names a class twice")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A region ready to paint: its class id, outline, and line width (None: filled)."""

    place: str
    class_id: int
    points_xy: PointsXY
    width_px: int | None


def paint(drawn: Sequence[Drawn], frame_hw: tuple[int, int], unlabelled_id: int) -> Mask:
    """Regions in order, later over earlier. Returns uint8 (H, W) class ids in the frame they were drawn in."""
    mask = blank_mask(frame_hw, unlabelled_id)
    for region in drawn:
        if region.width_px is None:
            fill(mask, region.points_xy, region.class_id)
        else:
            stroke(mask, region.points_xy, region.class_id, region.width_px)
    return mask


def outlines_of(
    entry: Entry,
    name: str,
    frame_hw: tuple[int, int],
    class_id_of: Callable[[Region, str, str], int],
    polyline: Literal["closed"] | Stroke,
    findings: list[Finding],
) -> list[Drawn]:
    """The regions that can be painted, as they stand in the file; whatever is doubtful is added to `findings`.

    name          the photo's, for findings
    class_id_of   class id of a region, given the entry's place in words and the region's
    Raises DataError naming file, entry and region for what cannot be read.
    """
    where = f"{entry.file}: entry {entry.key!r}"
    outlines: list[Drawn] = []
    for place, region in read_regions(entry, where):
        shape = region.shape_attributes
        if isinstance(shape, Point):
            findings.append(Finding("point-ignored", name, place, "a point covers no area", "ignored"))
            continue
        points, texts = outline(shape, where, place)
        if texts:
            message = f"{texts} coordinates written as text"
            findings.append(Finding("text-coordinates", name, place, message, "read as numbers"))
        width = None
        if isinstance(shape, Polyline) and isinstance(polyline, Stroke):
            width = polyline.stroke
        if len(points) < (3 if width is None else 2):
            message = f"{len(points)} points enclose no area"
            findings.append(Finding("too-few-points", name, place, message, "ignored", "warning"))
            continue
        outlines.append(Drawn(place, class_id_of(region, where, place), points, width))
        if width is None:
            by_hand = isinstance(shape, Polygon | Polyline)
            findings += outline_doubts(points, frame_hw, name, place, by_hand=by_hand)
    return outlines


def in_order(
    outlines: Sequence[Drawn],
    order: Literal["file", "area"] | Priority,
    ranks: Mapping[int, int],
    frame_hw: tuple[int, int],
) -> Sequence[Drawn]:
    """Outlines as they are painted; `ranks` holds the class ids of a Priority."""
    if isinstance(order, Priority):
        return sorted(outlines, key=lambda outline: ranks[outline.class_id])
    if order == "area":
        return sorted(outlines, key=lambda outline: -area_px(outline.points_xy, frame_hw))
    return outlines


def outside_findings(drawn: Sequence[Drawn], frame_hw: tuple[int, int], name: str) -> list[Finding]:
    """One finding per region that runs outside the frame, and one when all fit a frame of swapped sides."""
    height, width = frame_hw
    findings = []
    for region in drawn:
        outside = count_outside(region.points_xy, frame_hw)
        if outside:
            message = f"{outside} of {len(region.points_xy)} points lie outside the photo of {width}x{height}"
            findings.append(Finding("points-clipped", name, region.place, message, "clipped"))
    if findings and not any(count_outside(region.points_xy, (width, height)) for region in drawn):
        findings.append(turned(frame_hw, name))
    return findings


def ranks_of(order: Priority, source: OpenSource, carried: Iterable[tuple[str, str]]) -> dict[int, int]:
    """Class id → place in the painting order.

    carried   photo and label of each region
    Raises ConfigError for a name that is no class, and for a class that regions carry and the order does not name.
    """
    place = "source.options.order.priority"
    classes: list[str] = [*source.ontology.names, IGNORE]
    ranks: dict[int, int] = {}
    for rank, name in enumerate(order.priority):
        if name not in classes:
            raise ConfigError(
                source.where, place=place, found=f"class {name!r}", expected=nearest(name, classes)
            )
        ranks[source.ontology.id_of(name)] = rank
    for photo, label in carried:
        class_id = source.label_map.by_name.get(label)  # without one, reading that photo says so
        if class_id is not None and class_id not in ranks:
            name = next(name for name in classes if source.ontology.id_of(name) == class_id)
            raise ConfigError(
                source.where,
                place=place,
                found=f"no place for class {name!r}, which {photo} carries",
                expected=nearest(name, order.priority),
                fix="Name every class that regions carry.",
            )
    return ranks


def labels_carried(
    entries: Iterable[tuple[str, Entry]], attribute: str | None, implied: str | None
) -> Iterator[tuple[str, str]]:
    """Photo and label of each region that has one label; regions that have none or several are left to `read`."""
    for name, entry in entries:
        for attributes in raw_attributes(entry):
            value = attributes.get(attribute) if attribute is not None else implied
            labels = boxes_ticked(value) or [""] if isinstance(value, dict) else [value]
            if len(labels) == 1 and not isinstance(labels[0], list):
                yield name, "" if labels[0] is None else str(labels[0])
