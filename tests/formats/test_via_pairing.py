"""VIA: which photo an entry is about, which photos nobody annotated, and what a change rebuilds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segdata.errors import DataError
from tests.formats.via_cases import (
    box,
    codes,
    drawn,
    entry,
    export,
    one_photo,
    via_reader,
    write_json,
    write_photo,
)


def test_photos_and_entries_that_miss_each_other(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        write_photo(tmp_path / "photos" / name)
    whole = export(entry("a.png", box(0, 0, 7, 5)), entry("b.png"), entry("gone.png", box(0, 0, 1, 1)))
    write_json(tmp_path / "via_region_data.json", whole)
    reader = via_reader(tmp_path)
    assert reader.ids() == ("a",)
    assert [(f.code, f.file, f.severity) for f in reader.findings] == [
        ("no-photo", "via_region_data.json", "error"),
        ("not-annotated", "photos/b.png", "warning"),
        ("not-annotated", "photos/c.png", "warning"),
    ]
    for policy, row in (("background", "11111111"), ("ignore", "........")):
        reader = via_reader(tmp_path, unannotated=policy, unlabelled_id=1)
        assert reader.ids() == ("a", "b", "c")
        assert [drawn(reader.read(id).mask)[0] for id in "abc"] == ["00000000", row, row]
        assert codes(reader.read("c").findings) == [("not-annotated", "")]


def test_file_size_in_the_key_goes_stale(tmp_path: Path) -> None:
    assert codes(via_reader(one_photo(tmp_path, box(0, 0, 1, 1), size=17)).read("a").findings) == [
        ("file-size-suffix", "entry 'a.png17'")
    ]
    size = (tmp_path / "photos/a.png").stat().st_size
    assert via_reader(one_photo(tmp_path, box(0, 0, 1, 1), size=size)).read("a").findings == ()


def test_subfolders_unicode_and_the_same_name_twice(tmp_path: Path) -> None:
    names = ["roll 1/Straße.png", "roll 2/Straße.png", "cafe\u0301.png"]
    for name in names:
        write_photo(tmp_path / "photos" / name)
    composed = [
        "roll 1/Straße.png",
        "./roll 2/Straße.png".replace("/Stra", "\\Stra"),
        "caf\u00e9.png",
    ]
    entries = [entry(name, box(0, 0, i, 5)) for i, name in enumerate(composed)]
    write_json(tmp_path / "via_region_data.json", export(*entries))
    reader = via_reader(tmp_path)
    assert reader.ids() == ("caf\u00e9", "roll 1/Straße", "roll 2/Straße")
    assert [drawn(reader.read(id).mask)[0] for id in reader.ids()] == ["000.....", "0.......", "00......"]
    assert reader.findings == ()


def test_urls_and_absolute_paths_are_sought_by_name(tmp_path: Path) -> None:
    write_photo(tmp_path / "photos/a b.png")
    write_photo(tmp_path / "photos/c#1.png")
    entries = [
        entry("https://example.org/x/a%20b.png?w=640", box(0, 0, 7, 5)),
        entry("C:\\me\\c#1.png", box(0, 0, 7, 5)),
        entry("https://[x/y.png", box(0, 0, 7, 5)),
    ]
    write_json(
        tmp_path / "via_region_data.json",
        export(*entries, entry("https://example.org/d.png", box(0, 0, 1, 1))),
    )
    reader = via_reader(tmp_path)
    assert reader.ids() == ("a b", "c#1")
    assert [(f.code, f.action) for f in reader.findings] == [
        ("photo-by-name", "took photos/a b.png"),
        ("photo-by-name", "took photos/c#1.png"),
        ("no-photo", "set aside"),
        ("no-photo", "set aside"),
    ]


@pytest.mark.parametrize(
    ("filename", "taken"),
    [
        ("https://example.org/x/b/1.png", "b/1"),
        ("https://example.org/x/c/b/1.png", "c/b/1"),
        ("C:\\me\\b\\1.png", "b/1"),
        ("https://example.org/1.png", "1"),
        ("https://b/1.png", "1"),  # a host, not a folder
        ("/home/me/only/2.png", "d/2"),
    ],
)
def test_a_url_or_absolute_path_is_about_the_photo_that_ends_like_it(
    tmp_path: Path, filename: str, taken: str
) -> None:
    for name in ("1.png", "b/1.png", "c/b/1.png", "d/2.png"):
        write_photo(tmp_path / "photos" / name)
    write_json(tmp_path / "via_region_data.json", export(entry(filename, box(0, 0, 7, 5))))
    reader = via_reader(tmp_path)
    assert reader.ids() == (taken,)
    assert (reader.findings[0].code, reader.findings[0].action) == (
        "photo-by-name",
        f"took photos/{taken}.png",
    )


def test_a_url_that_may_be_about_several_photos_is_none_of_them(tmp_path: Path) -> None:
    """Nor are those photos ones that nobody annotated."""
    for name in ("a/1.png", "b/1.png", "b/2.png"):
        write_photo(tmp_path / "photos" / name)
    url = "https://example.org/x/1.png"
    write_json(tmp_path / "via_region_data.json", export(entry(url, box(0, 0, 7, 5))))
    reader = via_reader(tmp_path, unannotated="background", unlabelled_id=1)
    assert [(f.code, f.severity, f.message) for f in reader.findings] == [
        ("no-photo", "error", f"the entry names {url!r}, which may be photos/a/1.png or photos/b/1.png")
    ]
    for id in ("a/1", "b/1"):
        with pytest.raises(DataError) as caught:
            reader.read(id)
        assert str(caught.value).startswith(
            f"photos/a/1.png or photos/b/1.png: found entry '{url}-1' of via_region_data.json, which names '{url}'; "
            "expected one photo whose path ends like that."
        )
    assert drawn(reader.read("b/2").mask) == ["11111111"] * 6
    write_json(
        tmp_path / "via_region_data.json",
        export(entry(url, box(0, 0, 7, 5)), entry("a/1.png", box(0, 0, 7, 5))),
    )
    assert drawn(via_reader(tmp_path).read("a/1").mask) == ["00000000"] * 6


@pytest.mark.parametrize("name", ["../../secret.png", "x/../../../secret.png"])
def test_no_entry_leads_out_of_the_root(tmp_path: Path, name: str) -> None:
    write_photo(tmp_path / "secret.png")
    root = one_photo(tmp_path / "set", box(0, 0, 1, 1))
    write_json(root / "via_region_data.json", export(entry(name, box(0, 0, 1, 1))))
    reader = via_reader(root)
    assert [(f.code, f.severity) for f in reader.findings] == [
        ("outside-root", "error"),
        ("not-annotated", "warning"),
    ]
    assert reader.ids() == ()


@pytest.mark.parametrize("options", [{"annotations": "../via.json"}, {"photos": "../.."}])
def test_no_option_leads_out_of_the_root(tmp_path: Path, options: dict[str, object]) -> None:
    write_json(tmp_path / "via.json", {})
    with pytest.raises(DataError, match="inside the source's root"):
        via_reader(one_photo(tmp_path / "set", box(0, 0, 1, 1)), options)


def test_two_photos_of_one_name_are_refused_together(tmp_path: Path) -> None:
    write_photo(tmp_path / "photos/a.png")
    write_photo(tmp_path / "photos/a.jpg")
    whole = export(entry("a.png", box(0, 0, 1, 1)), entry("a.jpg", box(0, 0, 1, 1)))
    write_json(tmp_path / "via_region_data.json", whole)
    reader = via_reader(tmp_path)
    assert reader.ids() == ("a",)
    for verb in (reader.read, reader.fingerprint):
        with pytest.raises(DataError, match=r"photos/a.jpg and photos/a.png"):
            verb("a")


def test_repeated_entries_give_way_and_contradictions_do_not(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        write_photo(tmp_path / "photos" / name)
    once, twice = box(0, 0, 7, 5), box(0, 0, 3, 3)
    whole = export(
        *(entry("a.png", once, size=size) for size in (-1, "")),  # alike
        *(entry("b.png", *regions, size=size) for size, regions in ((-1, ()), ("", (once,)))),  # one empty
        *(entry("c.png", region, size=size) for size, region in ((-1, once), ("", twice))),
    )
    write_json(tmp_path / "via_region_data.json", whole)
    reader = via_reader(tmp_path)
    assert [codes(reader.read(id).findings) for id in "ab"] == [[("duplicate-entry", "")]] * 2
    assert drawn(reader.read("b").mask)[0] == "00000000"
    with pytest.raises(
        DataError,
        match=r"photos/c.png: found entries that contradict .*: via_region_data.json: entry 'c.png-1', ",
    ):
        reader.read("c")


def test_a_key_given_twice_in_the_json_is_seen(tmp_path: Path) -> None:
    write_photo(tmp_path / "photos/a.png")
    first, second = (json.dumps(entry("a.png", box(0, 0, right, 5))) for right in (1, 2))
    (tmp_path / "via_region_data.json").write_text(f'{{"a.png-1": {first}, "a.png-1": {second}}}')
    with pytest.raises(DataError, match="contradict"):
        via_reader(tmp_path).read("a")


def test_several_files_with_their_splits(tmp_path: Path) -> None:
    for split, right in (("train", 1), ("val", 2)):
        write_photo(tmp_path / split / "a.png")
        write_json(tmp_path / split / "via.json", export(entry("a.png", box(0, 0, right, 5))))
    options: dict[str, object] = {
        "photos": ".",
        "annotations": {"train": "train/via.json", "val": "val/via.json"},
    }
    reader = via_reader(tmp_path, options)
    assert [(id, reader.official_split(id), drawn(reader.read(id).mask)[0]) for id in reader.ids()] == [
        ("train/a", "train", "00......"),
        ("val/a", "val", "000....."),
    ]
    listed = via_reader(tmp_path, options | {"annotations": ["train/via.json", "val/via.json"]})
    assert [listed.official_split(id) for id in listed.ids()] == [None, None]


def test_two_files_about_one_photo_folder(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png", "both.png"):
        write_photo(tmp_path / "photos" / name)
    for split in ("train", "val"):
        name = "a.png" if split == "train" else "b.png"
        both = entry("both.png", box(0, 0, 1, 1))
        write_json(tmp_path / f"{split}.json", export(entry(name, box(0, 0, 1, 1)), both))
    reader = via_reader(tmp_path, {"annotations": {"train": "train.json", "val": "val.json"}})
    assert reader.ids() == ("a", "b", "both")
    assert (reader.official_split("a"), reader.official_split("b")) == ("train", "val")
    assert [(f.code, f.file) for f in reader.findings] == [("not-annotated", "photos/c.png")]
    with pytest.raises(DataError, match="train.json: entry 'both.png-1', val.json: entry 'both.png-1'"):
        reader.read("both")


def test_ids_open_no_photo(tmp_path: Path) -> None:
    one_photo(tmp_path, box(0, 0, 1, 1))
    (tmp_path / "photos/a.png").write_bytes(b"no photo")
    reader = via_reader(tmp_path)
    assert reader.ids() == ("a",)
    with pytest.raises(DataError, match=r"photos/a.png: found a file that is no readable image"):
        reader.read("a")


def test_a_photo_that_went_away(tmp_path: Path) -> None:
    reader = via_reader(one_photo(tmp_path, box(0, 0, 1, 1)))
    (tmp_path / "photos/a.png").unlink()
    for verb in (reader.read, reader.fingerprint):
        with pytest.raises(DataError, match=r"photos/a.png"):
            verb("a")


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"via_region_data.json.*annotations exported from VIA"):
        via_reader(tmp_path)
    write_json(tmp_path / "via_region_data.json", {})
    with pytest.raises(DataError, match=r"photos: found nothing .*the photos that were annotated"):
        via_reader(tmp_path)


def test_a_folder_is_no_via_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="photos: found no readable file"):
        via_reader(one_photo(tmp_path, box(0, 0, 1, 1)), {"annotations": "photos", "photos": "."})
