"""VIA: an edit changes the fingerprint of its own photo and of no other."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest

from tests.formats.via_cases import (
    ROAD,
    TREE,
    box,
    codes,
    entry,
    export,
    one_photo,
    via_reader,
    write_json,
    write_photo,
)


def test_touching_one_entry_changes_one_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "via_region_data.json"
    for name in ("a.png", "b.png"):
        write_photo(tmp_path / "photos" / name)
    before = export(entry("a.png", box(0, 0, 1, 1)), entry("b.png", box(0, 0, 1, 1)))
    after = export(entry("b.png", box(0, 0, 1, 1)), entry("a.png", box(0, 0, 1, 2)))
    write_json(path, before)
    old = {id: via_reader(tmp_path).fingerprint(id) for id in "ab"}
    path.write_text(json.dumps(before, indent=8))
    assert {id: via_reader(tmp_path).fingerprint(id) for id in "ab"} == old
    write_json(path, after)
    new = {id: via_reader(tmp_path).fingerprint(id) for id in "ab"}
    assert new["b"] == old["b"]
    assert new["a"].annotation != old["a"].annotation
    assert new["a"].photo == old["a"].photo
    write_photo(tmp_path / "photos/a.png", (7, 8))
    assert via_reader(tmp_path).fingerprint("a").photo != old["a"].photo


def test_a_second_entry_changes_the_fingerprint_of_its_photo_alone(tmp_path: Path) -> None:
    """Its findings name every entry, so they must be read again."""
    for name in ("a.png", "b.png"):
        write_photo(tmp_path / "photos" / name)
    once = export(entry("a.png", box(0, 0, 1, 1)), entry("b.png", box(0, 0, 1, 1)))
    write_json(tmp_path / "via_region_data.json", once)
    old = {id: via_reader(tmp_path).fingerprint(id) for id in "ab"}
    write_json(tmp_path / "via_region_data.json", once | {"again": entry("a.png", box(0, 0, 1, 1))})
    reader = via_reader(tmp_path)
    assert codes(reader.read("a").findings) == [("duplicate-entry", "")]
    assert reader.fingerprint("a").photo == old["a"].photo
    assert reader.fingerprint("a").annotation != old["a"].annotation
    assert reader.fingerprint("b") == old["b"]
    write_json(tmp_path / "via_region_data.json", {"b.png-1": once["b.png-1"], "key": once["a.png-1"]})
    assert via_reader(tmp_path).fingerprint("a").annotation != old["a"].annotation
    assert via_reader(tmp_path).fingerprint("b") == old["b"]


def test_the_fingerprint_is_that_of_the_regions_not_of_their_packing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Builds of zlib pack the same regions into other bytes, as its levels do."""
    one_photo(tmp_path, *(box(i % 8, 0, 7, 5) for i in range(99)))
    before, compress = via_reader(tmp_path).fingerprint("a"), zlib.compress
    monkeypatch.setattr(zlib, "compress", lambda data, level: compress(data, 9))
    assert via_reader(tmp_path).fingerprint("a") == before


def test_the_order_of_regions_by_number_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    write_photo(tmp_path / "photos/a.png")
    road, tree = box(0, 0, 7, 5), box(0, 0, 7, 5, type="tree")
    prints, masks = set(), []
    for regions in ({"0": road, "1": tree}, {"1": tree, "0": road}):
        write_json(tmp_path / "via_region_data.json", {"a": entry("a.png") | {"regions": regions}})
        prints.add(via_reader(tmp_path).fingerprint("a").annotation)
        masks.append(int(via_reader(tmp_path).read("a").mask[0, 0]))
    assert (masks, len(prints)) == ([TREE, ROAD], 2)
