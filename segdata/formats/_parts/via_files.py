"""The flavours of VIA files, each brought to the entries of VIA 2: one per photo, with its regions in file order.

VIA 2 annotation export (JSON)   {"IMG_1.jpg148213": {"filename": "IMG_1.jpg", "size": 148213, "regions": [{…}, …]}}
VIA 2 project (JSON)             {"_via_img_metadata": {the same}, "_via_attributes": {…}, "_via_settings": {…}}
VIA 1 (JSON)                     as VIA 2's export, but "regions": {"0": {…}, "1": {…}}
CSV export of VIA 1 and 2        IMG_1.jpg,148213,"{}",2,0,"{""name"":""rect"",""x"":174,…}","{""type"":""road""}"
VIA 3 project (JSON)             see via_3.py

Regions stay undecoded here, so that one broken region costs one photo, not the file.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.entries import Entry, packed, wanted_paths
from segdata.formats._parts.via_3 import Raw, via3_pairs
from segdata.wording import counted


class _Said(msgspec.Struct, kw_only=True):
    """An entry as it stands in the file."""

    filename: str
    size: int | float | str | None = -1
    regions: list[Any] | dict[str, Any]
    csv_region_counts: list[str] = []


def _entry(file: str, key: str, value: Any, folder: str, split: str | None) -> Entry:
    said = (
        msgspec.json.decode(value, type=_Said)
        if isinstance(value, msgspec.Raw)
        else msgspec.convert(value, _Said)
    )
    regions = list(said.regions.values()) if isinstance(said.regions, dict) else said.regions
    counts = {count.lstrip("0") or "0" for count in said.csv_region_counts if count.isdecimal()}
    others = " and ".join(sorted(count[:20] for count in counts if count != str(len(regions))))
    problem = None
    if others:
        problem = DataError(
            file,
            place=f"entry {key!r}",
            found=f"{counted(len(regions), 'region')} where region_count says {others}",
            expected=f"all regions of {said.filename}",
            fix="Export it again from VIA: the file was cut off or edited.",
        )
    points = "an entry of points alone, which cover no area" if regions else "an entry without any region"
    return Entry(
        file=file,
        place=f"entry {key!r}",
        filename=said.filename,
        folders=(folder,),
        wanted=wanted_paths(said.filename, folder),
        packed=packed(msgspec.json.encode(regions)),
        bare=points if all(map(_is_point, regions)) else "",
        photo_bytes=said.size,
        split=split,
        problem=problem,
    )


def _is_point(region: Any) -> bool:
    shape = region.get("shape_attributes") if isinstance(region, dict) else None
    return isinstance(shape, dict) and shape.get("name") == "point"


def read_entries(
    path: Path, file: str, findings: list[Finding], folder: str = ".", split: str | None = None
) -> list[Entry]:
    """All entries of one VIA file, in file order; what cannot be read adds to `findings`.

    file     its name in messages
    folder   where its photos lie, relative to the root
    Each entry says its regions as a list; VIA 1 numbers them in the file's order. Raises DataError when the file is no
    VIA file.
    """
    try:
        text = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise DataError(file, found=f"no readable file ({error.strerror})", expected="a VIA file") from error
    pairs = _csv_pairs(text, file) if path.suffix.lower() == ".csv" else _json_pairs(text, file)
    entries: list[Entry] = []
    unread: list[Finding] = []
    for key, value in pairs:
        try:
            entries.append(_entry(file, key, value, folder, split))
        except msgspec.DecodeError as error:
            place = f"entry {key!r}"
            unread.append(Finding("entry-unreadable", file, place, str(error), "set aside", "error"))
    if unread and not entries:
        raise DataError(
            file,
            place=unread[0].place,
            found=f"no entry of a VIA file ({unread[0].message})",
            expected="a JSON or CSV export, or a project file, of the VGG Image Annotator 1, 2 or 3",
        )
    findings += unread
    return entries


def _json_pairs(text: bytes, file: str) -> list[tuple[str, Any]]:
    try:
        top = _objects(text)
        if text.count(b'"filename"') > len(_metadata(top)):  # perhaps a key given twice: JSON keeps the last
            top = json.loads(text, object_pairs_hook=_keep_repeated)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise DataError(
            file,
            found=f"no JSON ({error})",
            expected="a file that VIA wrote, in UTF-8",
            fix="Export it again.",
        ) from error
    if not isinstance(top, dict):
        raise DataError(
            file, found=f"a JSON {type(top).__name__}", expected='VIA entries: {"IMG_1.jpg148213": {…}, …}'
        )
    if {"project", "view", "metadata", "file"} <= top.keys():
        return via3_pairs(top, file)
    if not isinstance(top.get("_via_img_metadata", {}), dict):
        raise DataError(file, place="_via_img_metadata", found="no object", expected="the entries by key")
    metadata = _metadata(top)
    return metadata.pairs if isinstance(metadata, _Repeated) else list(metadata.items())


def _objects(text: bytes) -> Any:
    """The file with the entries of VIA 1 and 2 left as text (msgspec.Raw); whatever else it is, decoded."""
    text.decode()  # raises UnicodeDecodeError; msgspec does not look into what it leaves as text
    try:
        top = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        if {"project", "view", "metadata", "file"} <= top.keys():
            return msgspec.json.decode(text)
        if "_via_img_metadata" in top:
            inner = msgspec.json.decode(top["_via_img_metadata"], type=dict[str, msgspec.Raw])
            return {"_via_img_metadata": inner}
    except msgspec.ValidationError:
        return msgspec.json.decode(text)
    return top


def _metadata(top: Any) -> Raw:
    """The entries by key, of an export or of a VIA 2 project."""
    inner = top["_via_img_metadata"] if isinstance(top, dict) and "_via_img_metadata" in top else top
    return inner if isinstance(inner, dict) else {}


class _Repeated(dict[str, Any]):
    """A JSON object in which a key stands twice, with all its members."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def _keep_repeated(pairs: list[tuple[str, Any]]) -> Raw:
    plain = dict(pairs)
    return plain if len(plain) == len(pairs) else _Repeated(pairs)


COLUMNS = ("filename", "file_size", "region_count", "region_shape_attributes", "region_attributes")


def _csv_pairs(text: bytes, file: str) -> list[tuple[str, Raw]]:
    """One row per region; a photo without regions has one row with an empty shape. Each says how many there are."""
    csv.field_size_limit(1 << 26)  # an outline of thousands of points passes the default of 128 KiB
    try:
        rows = csv.DictReader(io.StringIO(text.decode(), newline=""), strict=True)
        names = [name.lstrip("#").strip() for name in rows.fieldnames or ()]
        rows.fieldnames = names
        if not set(COLUMNS) <= set(names):
            raise DataError(file, place="line 1", found=f"columns {names}", expected=f"VIA's {list(COLUMNS)}")
        entries: dict[str, Raw] = {}
        for row in rows:
            _add_row(entries, row, f"line {rows.line_num}", file)
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(file, found=f"no CSV in UTF-8 ({error})", fix="Export it again from VIA.") from error
    return list(entries.items())


def _add_row(entries: dict[str, Raw], row: Raw, place: str, file: str) -> None:
    if any(row[column] is None for column in COLUMNS):
        raise DataError(file, place=place, found="too few columns", expected="a row as VIA writes it")
    try:
        shape = msgspec.json.decode(row["region_shape_attributes"] or "{}")
        attributes = msgspec.json.decode(row["region_attributes"] or "{}")
    except (msgspec.DecodeError, RecursionError) as error:
        raise DataError(file, place=place, found=f"no JSON in a region ({error})") from error
    entry = entries.setdefault(
        row["filename"] + row["file_size"],
        {"filename": row["filename"], "size": row["file_size"], "regions": [], "csv_region_counts": []},
    )
    entry["csv_region_counts"].append(row["region_count"].strip())
    if shape:
        entry["regions"].append({"shape_attributes": shape, "region_attributes": attributes})
