"""From the regions of a VIA entry to outlines in painting order, and what is doubtful about each.

region 1  polygon of 5 points, crosses itself at x 3.5, y 2.5     → painted, and told
region 2  polyline of 4 points, all on one line                   → painted one pixel wide, and told
region 3  point                                                   → no area: ignored, and told
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Literal

import msgspec

from segdata.errors import ConfigError, nearest
from segdata.findings import Finding
from segdata.formats import OpenSource
from segdata.formats._parts.drawn import Drawn, Outline, Stroke, covers_area, largest_first, width_of
from segdata.formats._parts.entries import Entry
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
from segdata.wording import counted


class Priority(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Class names, or "ignore", in painting order: later over earlier."""

    priority: Annotated[list[str], msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        if len(set(self.priority)) < len(self.priority):
            raise ValueError("priority names a class twice")


def outlines_of(
    entry: Entry,
    name: str,
    class_id_of: Callable[[Region, str, str], int],
    polyline: Literal["closed"] | Stroke,
    findings: list[Finding],
) -> list[Drawn]:
    """The regions that can be painted, as they stand in the file; the others become findings.

    name          the photo's, for findings
    class_id_of   class id of a region, given the entry's place in words and the region's
    Raises DataError naming file, entry and region for what cannot be read.
    """
    drawn: list[Drawn] = []
    for place, region in read_regions(entry):
        shape = region.shape_attributes
        if isinstance(shape, Point):
            findings.append(Finding("point-ignored", name, place, "a point covers no area", "ignored"))
            continue
        points, texts = outline(shape, entry.where, place)
        if texts:
            message = f"{counted(texts, 'coordinate')} written as text"
            findings.append(Finding("text-coordinates", name, place, message, "read as numbers"))
        lines = polyline if isinstance(shape, Polyline) else "closed"
        if covers_area(points, lines, name, place, findings):
            class_id = class_id_of(region, entry.where, place)
            by_hand = isinstance(shape, Polygon | Polyline)
            drawn.append(Outline(place, class_id, points, width_of(lines), by_hand, from_corner=False))
    return drawn


def in_order(
    drawn: Sequence[Drawn],
    order: Literal["file", "area"] | Priority,
    ranks: Mapping[int, int],
    frame_hw: tuple[int, int],
) -> Sequence[Drawn]:
    """Outlines as they are painted; `ranks` holds the class ids of a Priority."""
    if isinstance(order, Priority):
        return sorted(drawn, key=lambda one: ranks[one.class_id])
    return largest_first(drawn, frame_hw) if order == "area" else drawn


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
