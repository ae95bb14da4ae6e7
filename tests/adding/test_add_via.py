"""Photos and entries into a VIA source: bytes of the JSON file, conflicts, names, what is refused, kills."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from segdata.adding import Choice, add, remove
from segdata.errors import ConfigError, DataError, SegdataError
from tests.adding.cases import NEW, Case, read_json, tree, via_case, write_json
from tests.projects import REPOSITORY, convert, folder_bytes
from tests.small_disk import small_disk


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


def test_bad_newcomers_are_refused_with_file_and_reason(case: Case) -> None:
    new = read_json(case.new / "new.json")
    for entry in new.values():
        entry["regions"][0]["region_attributes"]["type"] = "Road "
    (case.new / "damaged.jpg").write_bytes(case.photos[1].read_bytes()[:900])
    new["damaged.jpg900"] = {
        "filename": "damaged.jpg",
        "size": 900,
        "regions": list(new.values())[0]["regions"][1:],
    }
    write_json(case.new / "new.json", new)
    before = tree(case.project.root)
    added = add(case.project, "via", case.photos, case.new / "new.json")
    reasons = {one.name: one.reason for one in added.bad}
    assert set(reasons) == {"photos/damaged.jpg", "photos/IMG_0003.jpg", "photos/IMG_0007.jpg"}
    assert "'Road '" in reasons["photos/IMG_0003.jpg"] and "region" in reasons["photos/IMG_0003.jpg"]
    assert "photos/damaged.jpg: found a damaged photo" in reasons["photos/damaged.jpg"]
    after = {
        name: bytes for name, bytes in tree(case.project.root).items() if not name.startswith(".segdata")
    }
    assert after == before


def test_with_skip_bad_the_rest_is_taken(case: Case) -> None:
    (case.new / "IMG_0007.jpg").write_bytes(b"no photo")
    added = add(case.project, "via", case.photos, case.new / "new.json", skip_bad=True)
    assert added.done and added.photos == ("photos/IMG_0003.jpg",)
    assert [one.name for one in added.bad] == ["photos/IMG_0007.jpg"]
    assert not (case.root / "photos/IMG_0007.jpg").exists()
    assert len(read_json(case.json)) == 9


def test_another_photo_under_a_name_and_a_photo_under_another_name_are_refused(case: Case) -> None:
    there = case.root / "photos/IMG_0001.jpg"
    shutil.copy(case.photos[0], case.new / "IMG_0001.jpg")
    shutil.copy(there, case.new / "copy.jpg")
    shutil.copy(there, case.new / "IMG_0002.JPG")
    reasons = {
        Path(one.name).name: one.reason
        for one in add(case.project, "via", case.photos + [case.new / "IMG_0002.JPG"]).bad
    }
    assert reasons["IMG_0001.jpg"] == (
        "another photo lies at photos/IMG_0001.jpg already; rename one, or --into FOLDER"
    )
    assert reasons["copy.jpg"] == (
        "the same photo as photos/IMG_0001.jpg; accepted when source.accept_leaks names 'copy'"
    )
    assert reasons["IMG_0002.JPG"].startswith("photos/IMG_0002.jpg is the photo of sample 'IMG_0002' already")


def test_one_name_in_two_folders_is_kept_apart_by_into(case: Case) -> None:
    for folder, photo in zip(("a", "b"), case.photos, strict=True):
        (case.new / folder).mkdir()
        shutil.copy(photo, case.new / folder / "IMG.jpg")
    both = [case.new / "a/IMG.jpg", case.new / "b/IMG.jpg"]
    (bad,) = add(case.project, "via", both).bad
    assert "has the same name, and is another photo; --into FOLDER keeps them apart" in bad.reason
    regions = [entry["regions"] for entry in read_json(case.new / "new.json").values()]
    for number, folder in enumerate(("a", "Größe/b")):
        name = unicodedata.normalize("NFD", folder)
        write_json(
            case.new / "one.json",
            {"IMG.jpg-1": {"filename": "IMG.jpg", "size": -1, "regions": regions[number]}},
        )
        assert add(
            case.project, "via", both[number : number + 1], case.new / "one.json", Choice(into=name)
        ).done
    size = both[1].stat().st_size
    assert list(read_json(case.json))[-1] == f"Größe/b/IMG.jpg{size}"
    assert read_json(case.json)[f"Größe/b/IMG.jpg{size}"]["filename"] == "Größe/b/IMG.jpg"
    summary = convert(case.project, "via")
    assert sum(summary.samples.values()) == 10 and summary.set_aside == 0
    assert remove(case.project, "via", ["a/IMG", "Größe/b/IMG"]).done
    assert not (case.root / "photos/a").exists()


@pytest.mark.parametrize("name", ["../../../outside.jpg", "..\\..\\..\\outside.jpg", "", "a\0b.jpg"])
def test_an_entry_that_leads_out_of_the_root_is_refused(case: Case, name: str) -> None:
    new = {"x": {"filename": name, "size": 5, "regions": []}} | read_json(case.new / "new.json")
    write_json(case.new / "new.json", new)
    before = case.json.read_bytes()
    added = add(case.project, "via", case.photos, case.new / "new.json")
    assert not added.done and case.json.read_bytes() == before
    assert [one.line() for one in added.bad] == [
        f"entry {name!r}: leads out of the root folder; expected a path inside it"
    ]


@pytest.mark.parametrize("into", ["../x", "/x", "a/../b", ".hidden", "a//b"])
def test_a_folder_that_leads_elsewhere_is_refused(case: Case, into: str) -> None:
    with pytest.raises(ConfigError, match="a folder below the photos"):
        add(case.project, "via", case.photos, None, Choice(into=into))


def test_an_entry_of_no_photo_is_told_and_left_out(case: Case) -> None:
    added = add(case.project, "via", case.photos[:1], case.new / "new.json")
    assert added.said == ("entry 'IMG_0007.jpg': no such photo here or among those given; left out",)
    assert len(read_json(case.json)) == 9
    later = add(case.project, "via", case.photos[1:])
    assert later.bare == ("photos/IMG_0007.jpg",)
    drawn = add(case.project, "via", [], case.new / "new.json")
    assert drawn.done and drawn.photos == () and drawn.annotated == ("photos/IMG_0007.jpg",)
    assert convert(case.project, "via").set_aside == 0


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '{"a": 3}', "no json at all", '{"a": {"regions": []}}'])
def test_what_is_no_via_file_is_refused(case: Case, text: str) -> None:
    (case.new / "new.json").write_text(text)
    before = tree(case.root)
    with pytest.raises(DataError, match=r"new\.json"):
        add(case.project, "via", case.photos, case.new / "new.json")
    assert tree(case.root) == before


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


def test_links_into_a_cache_are_replaced_and_never_written_through(case: Case, tmp_path: Path) -> None:
    for number, kind in enumerate((os.link, os.symlink)):
        cached = tmp_path / f"cached-{number}"
        shutil.move(case.json, cached)
        before = cached.read_bytes()
        kind(cached, case.json)
        one = case.photos[number : number + 1]
        assert add(case.project, "via", one, case.new / "new.json").done
        assert cached.read_bytes() == before != case.json.read_bytes()
        assert not case.json.is_symlink() and case.json.stat().st_nlink == 1


KILL = """
import os, sys
from pathlib import Path
from segdata.adding import add, remove, transaction
from segdata.project import Project
left = [int(sys.argv[1])]
def counted(work):
    def step(*arguments, **named):
        if not left[0]:
            os._exit(9)
        left[0] -= 1
        return work(*arguments, **named)
    return step
Path.replace = counted(Path.replace)
new = Path(sys.argv[2])
if sys.argv[3] == "add":
    add(Project.find(), "via", sorted(new.glob("*.jpg")), new / "new.json")
else:
    remove(Project.find(), "via", ["IMG_0001", "IMG_0002"])
"""


@pytest.mark.parametrize("what", ["add", "remove"])
def test_a_killed_change_is_completed_or_taken_back_by_the_next(tmp_path: Path, what: str) -> None:
    case = via_case(tmp_path)
    pristine = tmp_path / "pristine"
    shutil.copytree(case.project.root, pristine)
    before = folder_bytes(case.root)
    reached, states = 0, set()
    for steps in range(40):
        shutil.rmtree(case.project.root)
        shutil.copytree(pristine, case.project.root)
        done = subprocess.run(
            [sys.executable, "-c", KILL, str(steps), str(case.new), what],
            cwd=case.project.root,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            break
        assert done.returncode == 9, done.stderr
        reached += 1
        with pytest.raises(SegdataError):  # whatever the next command is, it mends first
            remove(case.project, "via", ["nobody"])
        state = folder_bytes(case.root)
        states.add("old" if state == before else "new")
        assert len(read_json(case.json)) == len(list((case.root / "photos").iterdir()))
        assert not list(case.root.parent.glob(".*"))
    after = folder_bytes(case.root)
    assert states == {"old", "new"} and reached >= 5
    assert len(after) == len(before) + (2 if what == "add" else -2)


def test_a_dry_run_says_so_where_a_change_was_interrupted(case: Case) -> None:
    (case.root.parent / ".sample-via.adding/new").mkdir(parents=True)
    with pytest.raises(SegdataError, match="a change that was interrupted"):
        add(case.project, "via", case.photos, dry_run=True)
    assert add(case.project, "via", case.photos).said == (
        "an interrupted change had not begun: cleared away",
    )


def test_nothing_is_converted_while_a_change_waits_to_be_completed(case: Case) -> None:
    (case.root.parent / ".sample-via.adding/new").mkdir(parents=True)
    with pytest.raises(
        DataError, match=r"data/raw/sample-via: found a change by segdata add .*segdata add via"
    ):
        convert(case.project, "via")
    assert add(case.project, "via", []).said == ("an interrupted change had not begun: cleared away",)
    assert sum(convert(case.project, "via").samples.values()) == 8
    with pytest.raises(ConfigError, match="neither photos nor --annotations"):
        add(case.project, "via", [])


def test_a_full_disk_is_named_and_leaves_the_source_as_it_was(case: Case) -> None:
    disk = case.root.parent
    kept = disk.with_name("kept")
    disk.rename(kept)
    with small_disk(disk, "1m"):
        shutil.copytree(kept / case.root.name, case.root)
        before, filler = tree(case.root), disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        with pytest.raises(SegdataError, match=r"data/raw/sample-via: found .*No space left.*as it was"):
            add(case.project, "via", case.photos, case.new / "new.json")
        assert tree(case.root) == before
        assert sorted(path.name for path in disk.iterdir()) == ["filler", case.root.name]
        filler.unlink()
        assert len(add(case.project, "via", case.photos, case.new / "new.json").photos) == 2


def test_unknown_ids_remove_nothing(case: Case) -> None:
    before = tree(case.root)
    with pytest.raises(ConfigError, match="no photo and no annotation of 'IMG_9'"):
        remove(case.project, "via", ["IMG_0001", "IMG_9"])
    with pytest.raises(
        ConfigError, match=r"Nothing was removed\. For 'x/IMG_0001.jpg', did you mean 'IMG_0001'\?"
    ):
        remove(case.project, "via", ["x/IMG_0001.jpg"])
    assert tree(case.root) == before
