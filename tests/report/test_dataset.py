"""The data of a pipeline in the page: the photos as they came, what splits share, and the gallery."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from segdata.report.gallery import MOST_OF_ONE, ON_A_PAGE, share_of
from tests.report.fakes import Fake
from tests.report.pages import Page, built, complete


def test_sizes_turns_and_look_alikes_as_the_conversion_noted_them(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    noted = {
        "originals": [
            {"height": 480, "width": 640, "orientation": 1, "photos": 6},
            {"height": 480, "width": 640, "orientation": 6, "photos": 2},
            {"height": 480, "width": 640, "orientation": 3, "photos": 1},
        ],
        "alike": {"train, test": 2},
    }
    path = one.project.check_path("one")
    one.write_check({"train": 2}, [])
    path.write_text(json.dumps(json.loads(path.read_text()) | noted))
    page = Page(built(one))
    assert page.row("480 × 640")[3] == "1 as 3, 2 as 6"
    assert page.row("train, test") == ["train, test", "0", "2"]
    assert page.row("train, val") == ["train, val", "0", "0"]
    assert "2 pairs of photos that look alike in train and test." in page.text
    noted["originals"][0]["photos"] = 7  # type: ignore[index]
    path.write_text(json.dumps(json.loads(path.read_text()) | noted))
    assert Page(built(one)).row("480 × 640")[3] == "not known"  # the notes are of another set


def test_the_gallery_is_paged_and_says_how_many_it_shows(
    fake: Callable[..., Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = fake()
    complete(one)
    page = Page(built(one))
    shown = [attrs["alt"] for tag, attrs in page.tags if tag == "img" and "loading" in attrs]
    assert shown == [f"{id} with its classes" for id in ("t1", "t2", "v", "a", "b", "c", "d", "e", "f")]
    assert "All 9 photos." in page.text
    assert not [attrs for tag, attrs in page.tags if tag == "input"]
    monkeypatch.setattr("segdata.report.gallery.MOST_PICTURES", 6)
    monkeypatch.setattr("segdata.report.gallery.ON_A_PAGE", 2)
    page = Page(built(one))
    shown = [attrs["alt"] for tag, attrs in page.tags if tag == "img" and "loading" in attrs]
    assert shown == [f"{id} with its classes" for id in ("t1", "t2", "a", "b", "d", "e")]
    assert "6 of 9 photos, evenly spread." in page.text
    assert page.attributes("input", "value") == ["1", "2", "3"]


def test_many_pipelines_share_the_pictures() -> None:
    assert [share_of(pipelines) for pipelines in (1, 4, 15)] == [120, 96, 25]
    assert MOST_OF_ONE // ON_A_PAGE <= 5  # so many pages the style sheet can turn
