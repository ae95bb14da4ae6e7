"""The check page in a narrow window: what was found can be read, and nothing is cut."""

from __future__ import annotations

import pytest

from segdata.project import Project
from tests.browser import chromium, screenshot, watched
from tests.checking.checked import check, folder
from tests.conversion.street import raw

CELLS = """() => [...document.querySelectorAll('.kinds tbody tr')].map((row) =>
    [...row.children].map((cell) => [cell.getBoundingClientRect().right <= innerWidth, cell.clientWidth]))"""
STICKING_OUT = """() => [...document.querySelectorAll('.kinds *')].filter((one) =>
    one.getBoundingClientRect().right > innerWidth).length"""


@pytest.mark.parametrize("width", [390, 1200])
def test_what_was_found_can_be_read(project: Project, width: int) -> None:
    first = sorted((raw(project) / "photos").iterdir())[0]
    first.write_bytes(b"not a photo")
    check(project)
    address = (folder(project) / "index.html").as_uri()
    with chromium() as browser, watched(browser, address, width=width, height=900) as seen:
        rows = seen.page.evaluate(CELLS)
        assert rows and all(inside for row in rows for inside, _ in row)
        findings = [row[1][1] for row in rows]
        assert min(findings) > 250, findings
        assert seen.page.evaluate(STICKING_OUT) == 0
        assert seen.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        label = "() => getComputedStyle(document.querySelector('.kinds td[data-label]'), '::before').content"
        assert ("Times" in seen.page.evaluate(label)) == (width == 390)
        screenshot(seen.page, f"check-{width}")


def test_what_is_wider_than_the_window_scrolls_beside_its_labels(project: Project) -> None:
    check(project)
    address = (folder(project) / "index.html").as_uri()
    with chromium() as browser, watched(browser, address, width=320, height=900) as seen:
        table = seen.page.locator("#classes .scroll")
        widths = table.evaluate("(one) => [one.clientWidth, one.scrollWidth]")
        assert widths[1] > widths[0] + 20, widths
        shades = "(one) => getComputedStyle(one).backgroundAttachment"
        assert table.evaluate(shades) == "local, local, scroll, scroll"
        assert seen.page.locator("nav ul").evaluate(shades) == "local, local, scroll, scroll"
        lefts = """(one) => [...one.querySelectorAll('tbody tr:first-child > *')].map((cell) => cell.getBoundingClientRect().left)"""
        before = table.evaluate(lefts)
        table.evaluate("(one) => { one.scrollLeft = 20; }")
        after = table.evaluate(lefts)
        assert after == [before[0], *(left - 20 for left in before[1:])]  # the label stays where it was
        note = seen.page.get_by_text("photos that carry the class")
        assert note.evaluate("(one) => one.getBoundingClientRect().right") <= 320
