"""The report in a browser, in a narrow and in a wide window: nothing sticks out, nothing is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser import chromium, screenshot, watched
from tests.report.fakes import Fake
from tests.report.pages import built, complete

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


LONG = "a class with a name that somebody thought about for a long time"


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1600, "dark")])
def test_it_fits_the_window_and_asks_for_nothing(
    browser: Browser, fake: Callable[..., Fake], monkeypatch: pytest.MonkeyPatch, width: int, scheme: str
) -> None:
    monkeypatch.setattr("segdata.report.gallery.ON_A_PAGE", 4)
    one, two = fake(names=("road", LONG, *(f"class-{number}" for number in range(18)))), fake("two")
    complete(one)
    two.write_pipeline(title="Not converted")
    built(one, "one", "two")
    address = (one.project.report_dir() / "index.html").as_uri()
    with watched(browser, address, width=width, height=900, color_scheme=scheme) as seen:
        page = seen.page
        sticking_out = """() => [...document.querySelectorAll('body *')].filter((one) => !one.closest('.scroll, nav, svg')
            && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 80))"""
        assert page.evaluate(sticking_out) == []
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        if width == 390:  # one row is a card of its own there, not a table beside its labels
            wide = page.locator(".overview tbody th").first.evaluate(
                "(one) => [one.clientWidth, one.parentElement.clientWidth]"
            )
            assert wide[0] == wide[1] > 300
        assert all(
            page.evaluate(
                "() => [...document.images].filter((one) => !one.loading || one.loading === 'eager').map((one) => one.naturalWidth > 0)"
            )
        )
        screenshot(page, f"report-{width}")


def test_the_gallery_is_turned_with_keys_and_without_a_script(
    browser: Browser, fake: Callable[..., Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segdata.report.gallery.ON_A_PAGE", 4)
    one = fake()
    complete(one)
    built(one)
    address = (one.project.report_dir() / "index.html").as_uri()
    with watched(browser, address, java_script_enabled=False) as seen:
        page = seen.page
        leaves = page.locator(".leaf")
        assert [leaves.nth(number).is_visible() for number in range(3)] == [True, False, False]
        page.locator(".turn input").first.focus()
        page.keyboard.press("ArrowRight")
        assert [leaves.nth(number).is_visible() for number in range(3)] == [False, True, False]
        page.locator(".turn label").nth(2).click()
        assert [leaves.nth(number).is_visible() for number in range(3)] == [False, False, True]
        assert page.locator(".leaf:visible li").count() == 1
