"""Photos and entries into a VIA source and out again: bytes of the JSON file, conflicts, dry runs."""

from __future__ import annotations

import json
import posixpath
from pathlib import Path

import pytest
import yaml

from segdata.adding import Choice, add, remove
from tests.adding.cases import NEW, Case, read_json, tree, via_case, write_json
from tests.projects import convert, folder_bytes


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return via_case(tmp_path)


@pytest.mark.parametrize("indent", [None, 1])
def test_the_diff_of_the_json_is_the_new_entries_alone(tmp_path: Path, indent: int | None) -> None:
    case = via_case(tmp_path, indent=indent)
    before = case.json.read_text()
    new = read_json(case.new / "new.json")
    added = add(case.project, "via", case.photos, case.new / "new.json")
    assert added.done and added.photos == ("photos/IMG_0003.jpg", "photos/IMG_0007.jpg")
    assert added.annotated == added.photos and not added.bad and not added.bare
    after = case.json.read_text()
    ending = "\n}" if indent else "}"
    assert after.startswith(before.removesuffix(ending) + ",") and after.endswith(ending)
    assert list(read_json(case.json)) == [*json.loads(before), *new]
    assert {key: read_json(case.json)[key] for key in new} == new
    for photo in case.photos:
        assert (case.root / "photos" / photo.name).read_bytes() == photo.read_bytes()


def test_only_the_new_photos_are_converted_and_removal_leads_back(case: Case) -> None:
    convert(case.project, "via")
    shards, text = folder_bytes(case.project.shards_dir("via")), case.json.read_bytes()
    add(case.project, "via", [case.new], case.new / "new.json")
    summary = convert(case.project, "via")
    assert (summary.converted, summary.reused) == (2, 8)
    removed = remove(case.project, "via", list(NEW))
    assert removed.files == ("photos/IMG_0003.jpg", "photos/IMG_0007.jpg")
    assert case.json.read_bytes() == text
    summary = convert(case.project, "via")
    assert (summary.converted, summary.reused) == (0, 8)
    assert folder_bytes(case.project.shards_dir("via")) == shards
    kept = case.project.root / removed.kept
    assert (kept / "photos/IMG_0003.jpg").read_bytes() == case.photos[0].read_bytes()
    again = add(case.project, "via", [kept / "photos"], kept / "via_region_data.json")
    assert again.photos == ("photos/IMG_0003.jpg", "photos/IMG_0007.jpg")
    assert len(convert(case.project, "via").findings) == len(summary.findings)


def test_a_project_file_keeps_its_settings_and_lists_the_new_keys(case: Case) -> None:
    entries = read_json(case.json)
    settings = {"ui": {"image": {"region_label": "type"}}, "core": {"buffer_size": 18}}
    project = {
        "_via_settings": settings,
        "_via_img_metadata": entries,
        "_via_attributes": {"region": {"type": {"type": "text"}}},
        "_via_data_format_version": "2.0.10",
        "_via_image_id_list": list(entries),
    }
    write_json(case.json, project)
    before = case.json.read_bytes()
    add(case.project, "via", case.photos, case.new / "new.json")
    after = read_json(case.json)
    new = list(read_json(case.new / "new.json"))
    assert list(after) == list(project) and after["_via_settings"] == settings
    assert after["_via_image_id_list"] == list(after["_via_img_metadata"]) == [*entries, *new]
    remove(case.project, "via", list(NEW))
    assert case.json.read_bytes() == before


def test_a_stale_size_is_written_anew_in_size_and_key(case: Case) -> None:
    new = read_json(case.new / "new.json")
    (key, entry), *_ = new.items()
    write_json(case.new / "new.json", {"IMG_0003.jpg17": entry | {"size": 17, "mine": [1]}})
    added = add(case.project, "via", case.photos[:1], case.new / "new.json")
    assert added.said == (
        f"photos/IMG_0003.jpg: {entry['size']} bytes; VIA saw 17: written with its size now",
    )
    last_key, last = list(read_json(case.json).items())[-1]
    assert (last_key, last["size"], last["mine"]) == (key, entry["size"], [1])


def test_twice_the_same_is_no_change(case: Case) -> None:
    add(case.project, "via", case.photos, case.new / "new.json")
    before = tree(case.root)
    again = add(case.project, "via", case.photos, case.new / "new.json")
    assert not again.done and again.photos == () and again.annotated == ()
    assert again.there == ("photos/IMG_0003.jpg", "photos/IMG_0007.jpg")
    assert tree(case.root) == before


def test_a_conflict_is_shown_and_nothing_taken_unless_replaced(case: Case) -> None:
    entries = read_json(case.json)
    key = next(iter(entries))
    other = entries[key] | {"regions": entries[key]["regions"][:1]}
    write_json(case.new / "new.json", read_json(case.new / "new.json") | {key: other})
    before = tree(case.root)
    added = add(case.project, "via", case.photos, case.new / "new.json")
    assert not added.done and tree(case.root) == before
    (bad,) = added.bad
    assert bad.name == "photos/IMG_0001.jpg"
    assert "annotated otherwise already" in bad.reason
    assert f"there: {len(entries[key]['regions'])} regions (" in bad.reason
    assert "new  : 1 region (sky 1); one region less" in bad.reason
    taken = add(case.project, "via", case.photos, case.new / "new.json", Choice(replace=True))
    assert taken.done and len(taken.annotated) == 3
    assert list(read_json(case.json))[:8] == list(entries)
    assert read_json(case.json)[key] == other
    (kept,) = (case.project.root / ".segdata/removed").rglob("via_region_data.json")
    assert read_json(kept) == entries


@pytest.mark.parametrize("way", ["beside", "url", "path"])
def test_an_entry_is_found_wherever_the_photos_lie_and_however_it_names_them(case: Case, way: str) -> None:
    entries = read_json(case.json)
    key = next(iter(entries))
    if way == "beside":
        for photo in (case.root / "photos").iterdir():
            photo.rename(case.root / photo.name)
        path = case.project.pipeline_path("via")
        values = yaml.safe_load(path.read_text())
        values["source"]["options"]["photos"] = "."
        path.write_text(yaml.safe_dump(values))
    else:
        start = {"url": "https://example.org/my%20photos/", "path": "/home/me/photos/"}[way]
        written = {
            name: entry | {"filename": start + entry["filename"] + ("?w=9" if way == "url" else "")}
            for name, entry in entries.items()
        }
        write_json(case.json, written)
    convert(case.project, "via")
    write_json(case.new / "new.json", {key: entries[key]})
    before = case.json.read_bytes()
    same = add(case.project, "via", [], case.new / "new.json")
    assert not same.bad and not same.annotated and case.json.read_bytes() == before
    write_json(case.new / "new.json", {key: entries[key] | {"regions": entries[key]["regions"][:1]}})
    (bad,) = add(case.project, "via", [], case.new / "new.json").bad
    assert "annotated otherwise already" in bad.reason and case.json.read_bytes() == before
    assert add(case.project, "via", [], case.new / "new.json", Choice(replace=True)).done
    pairs = json.loads(case.json.read_text(), object_pairs_hook=list)
    assert [name for name, _ in pairs] == list(json.loads(before))  # no key twice
    assert len(dict(dict(pairs)[key])["regions"]) == 1
    assert convert(case.project, "via").converted == 1
    remove(case.project, "via", ["IMG_0001"])
    assert list(read_json(case.json)) == list(json.loads(before))[1:]


def test_with_skip_bad_a_conflict_is_set_aside(case: Case) -> None:
    entries = read_json(case.json)
    key = next(iter(entries))
    other = entries[key] | {"regions": entries[key]["regions"][:1]}
    write_json(case.new / "new.json", read_json(case.new / "new.json") | {key: other})
    added = add(case.project, "via", case.photos, case.new / "new.json", skip_bad=True)
    assert (
        added.done and len(added.photos) == 2 and [one.name for one in added.bad] == ["photos/IMG_0001.jpg"]
    )
    assert read_json(case.json)[key] == entries[key]


def test_a_dry_run_changes_no_byte(case: Case) -> None:
    convert(case.project, "via")
    before = tree(case.project.root)
    tried = add(case.project, "via", case.photos, case.new / "new.json", dry_run=True)
    assert not tried.done and len(tried.photos) == 2
    assert len(tried.effects) == 1 and tried.effects[0].startswith(
        "segdata convert via redoes via: 2 photos to convert"
    )
    gone = remove(case.project, "via", ["IMG_0001"], dry_run=True)
    assert gone.files == ("photos/IMG_0001.jpg",) and not gone.done
    assert tree(case.project.root) == before


def test_entries_by_url_do_not_each_look_at_all_photos(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    entries, photo = read_json(case.json), (case.root / "photos/IMG_0001.jpg").read_bytes()
    for number in range(100):
        (case.root / f"photos/R_{number}.jpg").write_bytes(photo + str(number).encode())
        name = f"https://example.org/x/R_{number}.jpg"
        entries[name] = {"filename": name, "size": -1, "regions": [], "file_attributes": {}}
    write_json(case.json, entries)
    basename, calls = posixpath.basename, [0]

    def counted(path: str) -> str:
        calls[0] += 1
        return basename(path)

    monkeypatch.setattr(posixpath, "basename", counted)
    assert add(case.project, "via", case.photos, case.new / "new.json").done
    assert calls[0] < 10 * 110  # 100 * 110 where each entry of a URL goes through all photos
