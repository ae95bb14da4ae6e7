"""What a VIA source does not take: bad newcomers, names that are taken or lead elsewhere, files that are none of VIA's."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import pytest

from segdata.adding import Choice, add, remove
from segdata.errors import ConfigError, DataError
from tests.adding.cases import Case, read_json, tree, via_case, write_json
from tests.projects import convert


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return via_case(tmp_path)


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
    annotations, damaged = case.new / "new.json", str(case.new / "damaged.jpg")
    entries = [f"{annotations}: entry {key!r}" for key in list(new)[:2]]
    assert set(reasons) == {damaged, *entries}
    assert reasons[entries[0]].startswith("region 1, attribute 'type': found label 'Road '; expected a label")
    assert reasons[damaged].startswith("found a damaged photo")
    after = {
        name: bytes for name, bytes in tree(case.project.root).items() if not name.startswith(".segdata")
    }
    assert after == before


def test_with_skip_bad_the_rest_is_taken(case: Case) -> None:
    (case.new / "IMG_0007.jpg").write_bytes(b"no photo")
    added = add(case.project, "via", case.photos, case.new / "new.json", skip_bad=True)
    assert added.done and added.photos == ("photos/IMG_0003.jpg",)
    assert [one.name for one in added.bad] == [str(case.new / "IMG_0007.jpg")]
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
        "the same photo as photos/IMG_0001.jpg. Leave it out, or name 'copy' in source.accept_leaks"
    )
    assert reasons["IMG_0002.JPG"].startswith("photos/IMG_0002.jpg is the photo of sample 'IMG_0002' already")


def test_an_entry_of_a_refused_copy_is_no_stranger(case: Case) -> None:
    copy = str(shutil.copy(case.root / "photos/IMG_0001.jpg", case.new / "copy.jpg"))
    region = next(iter(read_json(case.new / "new.json").values()))["regions"][0]
    names = ("copy.jpg", "elsewhere.jpg")
    write_json(
        case.new / "new.json", {one: {"filename": one, "size": -1, "regions": [region]} for one in names}
    )
    added = add(case.project, "via", [Path(copy)], case.new / "new.json")
    assert [one.name for one in added.bad] == [copy] and not added.findings
    assert added.said == ("entry 'elsewhere.jpg': no such photo here or among those given; left out",)


@pytest.mark.parametrize("dry_run", [False, True])
def test_annotations_of_other_photos_are_warned_of(case: Case, dry_run: bool) -> None:
    write_json(case.new / "other.json", {"a": {"filename": "DSC_1.jpg", "size": -1, "regions": []}})
    added = add(case.project, "via", case.photos, case.new / "other.json", dry_run=dry_run)
    assert [one.line() for one in added.findings] == [
        f"warning: {case.new / 'other.json'}: no entry is about these photos: the first names 'DSC_1.jpg', "
        "the first photo is 'IMG_0003.jpg' [no-entry: left out]"
    ]
    assert added.annotated == () and added.effects == ("nothing is redone",)


def test_a_file_that_breaks_off_is_named_as_it_was_given(case: Case) -> None:
    broken = case.new / "c.json"
    broken.write_text((case.new / "new.json").read_text()[:200])
    with pytest.raises(DataError) as caught:
        add(case.project, "via", case.photos, broken)
    assert str(caught.value).startswith(f"{broken}: ") and str(caught.value).count("c.json") == 1


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


def test_unknown_ids_remove_nothing(case: Case) -> None:
    before = tree(case.root)
    with pytest.raises(ConfigError, match="no photo and no annotation of 'IMG_9'"):
        remove(case.project, "via", ["IMG_0001", "IMG_9"])
    with pytest.raises(
        ConfigError, match=r"Nothing was removed\. For 'x/IMG_0001.jpg', did you mean 'IMG_0001'\?"
    ):
        remove(case.project, "via", ["x/IMG_0001.jpg"])
    assert tree(case.root) == before


def test_nothing_is_changed_while_a_merge_of_the_pointer_stands_open(case: Case) -> None:
    pointer = case.root.with_name("sample-via.dvc")
    pointer.write_text("outs:\n<<<<<<< HEAD\n- md5: 1.dir\n=======\n- md5: 2.dir\n>>>>>>> theirs\n")
    before = tree(case.root)
    said = r"^data/raw/sample-via\.dvc: line 2: found git's conflict markers; .*Finish the merge first: segdata merge NAME"
    with pytest.raises(DataError, match=said):
        add(case.project, "via", case.photos, case.new / "new.json")
    with pytest.raises(DataError, match=said):
        remove(case.project, "via", ["IMG_0001"])
    assert tree(case.root) == before
