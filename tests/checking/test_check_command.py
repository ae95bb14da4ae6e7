"""`segdata check` over drawn photos: counts, a page that stands alone, the same bytes, exit codes, stopping."""

from __future__ import annotations

import shutil
import sys

import pytest

from segdata.project import Project
from tests.checking.checked import NUM_SCENES, Outside, change, check, folder, pictures, told
from tests.conversion.street import raw
from tests.projects import convert, folder_bytes


def test_sound_photos_give_counts_and_exit_0(project: Project) -> None:
    done = check(project)
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "report: data/check-report/via/index.html"
    value = told(project)
    assert (value["read"], value["set_aside"], value["counts"]["error"], value["counts"]["warning"]) == (
        NUM_SCENES,
        0,
        0,
        0,
    )
    assert sum(row["photos"] for row in value["splits"]) == NUM_SCENES
    for row in value["splits"]:
        assert row["pixels"] == row["photos"] * 24 * 32
        labelled = sum(one["pixels"][row["split"]] for one in value["classes"])
        assert labelled + row["ignored"] == row["pixels"]
    assert sum(row["photos"] for row in value["sizes"]) == NUM_SCENES
    assert {(row["height"], row["width"]) for row in value["sizes"]} <= {(60, 80), (80, 60)}
    turned = [kind for kind in value["kinds"] if kind["code"] == "exif-turned"]
    assert sum(value["exif_turns"].values()) == sum(len(kind["findings"]) for kind in turned)
    assert value["copies"] == []


def test_what_it_counts_is_what_the_conversion_counts(project: Project) -> None:
    summary = convert(project, "via")
    check(project)
    value = told(project)
    for split, pixels in summary.pixels.items():
        assert {row["name"]: row["pixels"][split] for row in value["classes"]} == pixels
    assert {row["split"]: row["photos"] for row in value["splits"] if row["photos"]} == summary.samples


def test_the_page_stands_alone_and_the_same_source_gives_the_same_bytes(project: Project) -> None:
    check(project, "via", "--jobs", "1")
    first = folder_bytes(folder(project))
    page = (folder(project) / "index.html").read_text()
    outside = Outside(page)
    assert all(one.startswith(("#", "data:")) for one in outside.addresses)
    assert not outside.tags & {"script", "iframe", "object", "embed", "form"}
    assert "@import" not in page
    assert "url(" not in page
    assert len(pictures(page)) >= 9
    assert all(picture.shape[1] > picture.shape[0] for picture in pictures(page))
    check(project, "via", "--jobs", "7")
    assert folder_bytes(folder(project)) == first
    assert not list((project.root / ".segdata").glob("check-*"))
    assert not (project.root / "data" / "shards").exists()


def test_what_cannot_be_read_at_all_exits_2(project: Project) -> None:
    for photo in (raw(project) / "photos").iterdir():
        photo.write_bytes(f"not a photo: {photo.name}".encode())
    nothing = check(project)
    assert nothing.exit_code == 2
    assert "10 set aside" in nothing.stdout
    assert told(project)["counts"]["error"] == 10
    (raw(project) / "via_region_data.json").write_text("{")
    broken = check(project)
    assert (broken.exit_code, broken.stdout) == (2, "")
    assert broken.stderr.startswith("error: via_region_data.json: ")
    shutil.rmtree(raw(project))
    assert "found no such folder" in check(project).stderr
    unknown = check(project, "vai")
    assert (unknown.exit_code, "did you mean 'via'?" in unknown.stderr) == (2, True)


def test_an_extra_that_is_missing_is_named_before_anything_is_read(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    done = check(project)
    assert done.exit_code == 2
    assert "expected the extra 'train'" in done.stderr
    assert not folder(project).exists()


def test_stopping_leaves_no_report_and_no_pictures(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def stop(*arguments: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr("segdata.checking.reading.save_picture", stop)
    done = check(project, "via", "--jobs", "2")
    assert (done.exit_code, done.stderr.strip()) == (130, "stopped")
    assert not folder(project).exists()
    assert not list((project.root / ".segdata").glob("check-*"))


def test_pictures_are_bounded_and_the_rest_is_listed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segdata.checking.page.MOST_PICTURES", 5)
    monkeypatch.setattr("segdata.checking.page.MOST_LISTED", 2)
    for photo in sorted((raw(project) / "photos").iterdir()):
        photo.rename(photo.with_name(f"other_{photo.name}"))
    done = check(project)
    assert done.exit_code == 2
    page = (folder(project) / "index.html").read_text()
    assert len(pictures(page)) == 5
    assert "are the most this page holds" in page
    files = {finding["file"] for kind in told(project)["kinds"] for finding in kind["findings"]}
    assert len([file for file in files if file in page]) < len(files)


def test_a_wrong_option_of_the_model_is_found_before_anything_is_read(project: Project) -> None:
    change(project, "model", options={"kanals": [8]})
    done = check(project)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: pipelines/via.yaml: model.options: ")
    assert "kanals" in done.stderr
    assert not folder(project).exists()
