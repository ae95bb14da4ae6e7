"""Projects of VIA 3, brought to the entries of VIA 2.

{"file": {"1": {"fname": "IMG_1.jpg", …}}, "view": {"1": {"fid_list": [1]}},
 "attribute": {"1": {"aname": "kind", "type": 4, "options": {"0": "swan", "1": "duck"}}},
 "metadata": {"1_glfwaaX": {"vid": "1", "xy": [2, 101, 125, 286, 146], "av": {"1": "0"}}}}

`xy` begins with a shape's number, here 2 for a rectangle. Source: VIA 3's via/src/js/_via_const.js, _VIA_RSHAPE; its
extreme rectangle (8) and extreme circle (9) are points that touch an object, not an outline.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from segdata.errors import DataError

T = TypeVar("T")
Raw = dict[str, Any]


class File3(msgspec.Struct):
    """VIA 3: a file of the project. type 2 image, 4 video, 8 audio; fname may be a URL."""

    fname: str
    type: int = 2


class View3(msgspec.Struct):
    """VIA 3: what is annotated at once; several files for side-by-side comparison."""

    fid_list: list[int | str]


class Attribute3(msgspec.Struct):
    """VIA 3: type 1 text, 2 checkbox, 3 radio, 4 select; options name the values by option id."""

    aname: str
    type: int = 1
    options: dict[str, str] = {}


class Metadata3(msgspec.Struct):
    """VIA 3: one region (`xy`: shape code, then numbers) or, with empty `xy`, words about the whole view."""

    vid: int | str
    xy: list[Any]
    av: dict[str, Any] = {}


SHAPES_3: dict[int, tuple[str, tuple[str, ...]]] = {
    1: ("point", ("cx", "cy")),
    2: ("rect", ("x", "y", "width", "height")),
    3: ("circle", ("cx", "cy", "r")),
    4: ("ellipse", ("cx", "cy", "rx", "ry")),
}
OUTLINES_3 = {5: "polyline", 6: "polyline", 7: "polygon"}  # 5: a line of two points


def via3_pairs(top: Raw, file: str) -> list[tuple[str, Raw]]:
    """Entries of VIA 2 by view, of the decoded project; `file` is its name in messages.

    Raises DataError for a section that is not VIA 3's, and for regions of views that are not one image.
    """
    files = _decoded(top, "file", dict[str, File3], file)
    views = _decoded(top, "view", dict[str, View3], file)
    attributes = _decoded(top, "attribute", dict[str, Attribute3], file) if "attribute" in top else {}
    metadata = _decoded(top, "metadata", dict[str, Metadata3], file)
    entries: dict[str, Raw] = {}
    for vid, view in views.items():
        fids = [str(fid) for fid in view.fid_list]
        if any(fid not in files for fid in fids):
            raise DataError(file, place=f"view {vid}", found=f"files {fids}", expected="keys of 'file'")
        if len(fids) == 1 and files[fids[0]].type == 2:
            entries[vid] = {"filename": files[fids[0]].fname, "regions": []}
    for key, region in metadata.items():
        if not region.xy:
            continue
        vid = str(region.vid)
        if vid not in entries:
            raise DataError(
                file,
                place=f"metadata {key!r}",
                found=f"a region of view {vid!r}",
                expected="a view of one image (video, audio and side-by-side views have no mask)",
                fix="Export the frames as photos, or remove that view in VIA.",
            )
        values = {
            attributes[aid].aname: _value3(attributes[aid], value)
            for aid, value in region.av.items()
            if aid in attributes
        }
        entries[vid]["regions"].append({"shape_attributes": _shape3(region.xy), "region_attributes": values})
    return list(entries.items())


def _value3(attribute: Attribute3, value: Any) -> Any:
    """Option ids as the option's names; a checkbox as VIA 2's {name: true}."""
    if attribute.type == 2 and isinstance(value, str):
        return {attribute.options.get(oid, oid): True for oid in value.split(",") if oid}
    if attribute.type in (3, 4) and isinstance(value, str):
        return attribute.options.get(value, value)
    return value


def _shape3(xy: list[Any]) -> Raw:
    """VIA 3's numbers under VIA 2's names; an unknown or incomplete shape keeps a name that no decoder knows."""
    code, numbers = xy[0], xy[1:]
    if type(code) is not int:  # true is no 1
        return {"name": f"VIA 3 shape {code!r}"[:80]}
    if code in OUTLINES_3 and len(numbers) % 2 == 0:
        return {"name": OUTLINES_3[code], "all_points_x": numbers[::2], "all_points_y": numbers[1::2]}
    if code in SHAPES_3 and len(numbers) == len(SHAPES_3[code][1]):
        name, fields = SHAPES_3[code]
        return {"name": name, **dict(zip(fields, numbers, strict=True))}
    return {"name": f"VIA 3 shape {code} with {len(numbers)} numbers"}


def _decoded(top: Raw, section: str, kind: type[T], file: str) -> T:
    try:
        return msgspec.convert(top[section], kind)
    except msgspec.ValidationError as error:
        raise DataError(file, place=section, found=str(error), expected="a project of VIA 3") from error
