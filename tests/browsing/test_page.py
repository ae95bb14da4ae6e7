"""The page in a browser, as people use it: with keys, links and a list to take along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

pytest.importorskip("fastapi", reason="local pages need the extra 'serve'")

from segdata.browsing.app import browse_app
from segdata.cli import main
from segdata.project import Project
from segdata.shards import ShardSet
from tests.browser import chromium, running, screenshot, watched
from tests.browsing.sets import write_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def url(drawn: Project) -> Iterator[str]:
    with running(browse_app(drawn, "via", "127.0.0.1")) as address:
        yield f"{address}/"


def ready(page: Page) -> None:
    page.wait_for_selector("body[data-ready]")
    page.wait_for_selector(".cell .id")


def ids_of(project: Project) -> list[str]:
    return sorted(row.id for row in ShardSet.open(project.shards_dir("via")).manifest.rows)


def pictures_are_there(page: Page) -> bool:
    wait = (
        "() => [...document.querySelectorAll('.cell img')].every((one) => one.complete && one.naturalWidth)"
    )
    page.wait_for_function(wait)
    return True


def test_browsing_with_the_keyboard_alone(browser: Browser, url: str, drawn: Project) -> None:
    ids = ids_of(drawn)
    with watched(browser, url) as seen:
        page, keys = seen.page, seen.page.keyboard
        ready(page)
        assert page.text_content("#count") == "10 photos"
        assert pictures_are_there(page)
        assert [cell.text_content() for cell in page.query_selector_all(".cell .id")] == ids
        for key in ("ArrowRight", "ArrowRight", "Enter"):
            keys.press(key)
        page.wait_for_function(f"() => document.getElementById('photo-id').textContent === '{ids[2]}'")
        page.wait_for_url(f"**/?photo={ids[2]}")
        keys.press("ArrowRight")
        page.wait_for_url(f"**/?photo={ids[3]}")
        keys.press("x")
        keys.press("k")
        page.wait_for_url(f"**/?photo={ids[2]}")
        keys.press("1")
        page.wait_for_url(f"**/?hide=sky&photo={ids[2]}")
        assert page.get_attribute("#legend tr[data-id='0'] button", "aria-pressed") == "false"
        keys.press("t")
        page.wait_for_url(f"**/?hide=sky&photo={ids[2]}&view=none")
        keys.press("?")
        assert page.is_visible("#help")
        keys.press("Escape")
        assert not page.is_visible("#help")
        assert page.is_visible("#viewer")
        keys.press("Escape")
        assert not page.is_visible("#viewer")
        assert page.text_content("#selected") == "1 selected"
        assert page.evaluate("document.activeElement.id") == "scroller"
        keys.press("/")
        keys.type(ids[4])
        page.wait_for_function("() => document.getElementById('count').textContent === '1 of 10 photos'")


def test_a_link_shows_the_same_again(browser: Browser, url: str, drawn: Project) -> None:
    with watched(browser, url) as seen:
        page = seen.page
        ready(page)
        page.check("input[data-facet=split][value=train]")
        page.check("input[data-facet=class][value=car]")
        page.select_option("#sort", "share:car")
        page.wait_for_url("**/?split=train&class=car&sort=share%3Acar&descending=1")
        page.click(".cell >> nth=1")
        page.wait_for_selector("#viewer:not([hidden]) #legend tbody tr")
        page.wait_for_url("**photo=*")
        page.keyboard.press("f")
        page.keyboard.press("+")
        page.wait_for_url("**full=1*")
        page.wait_for_url("**zoom=*")
        look = """() => [location.search, document.getElementById('count').textContent,
            document.getElementById('photo-id').textContent, document.getElementById('zoom-level').textContent,
            document.getElementById('original').naturalWidth,
            [...document.querySelectorAll('.cell .id')].map((one) => one.textContent).join()]"""
        page.wait_for_function("() => document.getElementById('original').naturalWidth === 80")
        before = page.evaluate(look)
        page.reload()
        ready(page)
        page.wait_for_function("() => document.getElementById('original').naturalWidth === 80")
        assert page.evaluate(look) == before
        assert before[2] in ids_of(drawn)
        page.go_back()  # opening the photo was a step
        page.wait_for_selector("#viewer", state="hidden")
        assert page.is_checked("input[data-facet=class][value=car]")


@pytest.mark.parametrize(
    ("zoom", "shown"), [("1e9,0.5,0.5", "64.0×"), ("-3,0.5,0.5", "fit"), ("4,9,a", "fit")]
)
def test_a_link_zooms_within_bounds(
    browser: Browser, url: str, drawn: Project, zoom: str, shown: str
) -> None:
    with watched(browser, f"{url}?photo={ids_of(drawn)[0]}&zoom={zoom}") as seen:
        seen.page.wait_for_selector("#stage.loaded")
        seen.page.wait_for_function(f"document.getElementById('zoom-level').textContent === '{shown}'")


def test_a_selection_goes_out_as_a_list_that_remove_takes(
    browser: Browser, project: Project, tmp_path: Path
) -> None:
    ids = ids_of(project)
    with (
        running(browse_app(project, "via", "127.0.0.1")) as address,
        watched(browser, f"{address}/") as seen,
    ):
        page = seen.page
        ready(page)
        page.hover(".cell >> nth=0")
        page.click(".cell .mark >> nth=0")
        page.click(".cell >> nth=2", modifiers=["Shift"])
        page.click(".cell >> nth=4", modifiers=["Control"])
        page.keyboard.press("Shift+ArrowRight")
        assert page.text_content("#selected") == "5 selected"
        page.click(".cell >> nth=1", modifiers=["Control"])
        page.reload()
        ready(page)
        assert page.text_content("#selected") == "4 selected"
        page.click("#export")
        with page.expect_download() as download:
            page.click("[data-download='via-selection.txt']")
        listed = tmp_path / "via-selection.txt"
        download.value.save_as(listed)
        wanted = [ids[0], ids[2], ids[4], ids[5]]
        assert listed.read_text() == "".join(f"{id}\n" for id in wanted)
        page.keyboard.press("Escape")
        page.click("#clear")
        assert page.is_disabled("#export")
    run = CliRunner().invoke
    exported = run(
        main,
        [
            "--project",
            str(project.root),
            "export",
            "via",
            "--to",
            "via",
            "--ids",
            str(listed),
            "--out",
            str(tmp_path / "out"),
        ],
    )
    assert exported.exit_code == 0, exported.output
    assert "via: 4 photos" in exported.output
    removed = run(main, ["--project", str(project.root), "remove", "via", "--from", str(listed)])
    assert removed.exit_code == 0, removed.output
    left = {path.stem for path in (project.root / "data/raw/sample-via/photos").iterdir()}
    assert left == set(ids) - set(wanted)


def test_the_likeliest_label_error_comes_first(browser: Browser, project: Project) -> None:
    pytest.importorskip("torch", reason="asking a model needs the extra 'train'")
    write_run(project)
    with (
        running(browse_app(project, "via", "127.0.0.1")) as address,
        watched(browser, f"{address}/") as seen,
    ):
        page = seen.page
        ready(page)
        assert page.is_disabled("#sort option[value=loss]")
        assert page.is_disabled("[data-layer=difference]")
        page.click("#compute")
        page.wait_for_selector("#model :text('has looked at all 10 photos')")
        page.select_option("#sort", "loss")
        page.wait_for_url("**/?sort=loss&descending=1")
        page.click("[data-layer=difference]")
        page.wait_for_function("() => document.querySelectorAll('.cell .figure').length === 10")
        assert pictures_are_there(page)
        shown = [float(one.text_content() or "") for one in page.query_selector_all(".cell .figure")]
        assert shown == sorted(shown, reverse=True)
        page.click(".cell >> nth=0")
        page.wait_for_selector("#views [data-view=difference]:not(:disabled)")
        page.keyboard.press("d")
        page.wait_for_url("**view=difference*")
        screenshot(page, "browse-difference")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (390, "light"), (1600, "light")])
def test_it_fits_the_window(browser: Browser, url: str, width: int, scheme: str) -> None:
    with watched(browser, url, width=width, height=800, color_scheme=scheme) as seen:
        page = seen.page
        ready(page)
        fits = "() => document.documentElement.scrollWidth <= innerWidth"
        assert page.evaluate(fits)
        assert page.is_visible("#filters") == (width > 900)
        if width < 900:
            page.click("#show-filters")
            page.check("input[data-facet=split][value=train]")
            page.mouse.click(width - 10, 500)  # beside the filters: closes them, opens nothing
            page.wait_for_selector("#filters", state="hidden")
            assert not page.is_visible("#viewer")
        screenshot(page, f"browse-{width}-{scheme}")
        page.click(".cell >> nth=0")
        page.wait_for_selector("#viewer:not([hidden])")
        page.wait_for_function("() => document.getElementById('photo').naturalWidth > 0")
        assert page.evaluate(fits)
        for button in ("#close", "#next", "#views button >> nth=3", "#zoom-in", "#select-one", "#full"):
            box = page.locator(button).bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width, button
        screenshot(page, f"browse-photo-{width}-{scheme}")


def test_without_a_torch_or_a_model_the_reason_is_told(browser: Browser, url: str) -> None:
    with watched(browser, url) as seen:
        ready(seen.page)
        assert "No trained model yet: run dvc repro, or segdata train via." in (
            seen.page.text_content("#model") or ""
        )
        option = seen.page.locator("#sort option[value=loss]")
        assert option.is_disabled()
        assert "No trained model yet" in (option.get_attribute("title") or "")
