"""The built site: every page that the code writes is there, every link leads somewhere, nothing comes from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segdata import pipeline
from segdata.cli import ROAD
from segdata.evaluation.protocols import protocol_names
from segdata.formats import format_names
from segdata.models import model_names
from tests.projects import REPOSITORY

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
MOST_PICTURES = 1_500_000
"""Bytes of pictures that the repository keeps for its documentation."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)],
        cwd=REPOSITORY,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def text_of(page: Path) -> str:
    return re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", format_names())
def test_every_format_has_a_page_that_the_navigation_leads_to(site: Path, name: str) -> None:
    text = text_of(site / f"formats/{name}.html")
    assert "What it reads" in text
    assert "Traps" in text
    assert "What is told" in text
    assert f"format: {name}" in text, "no example of a section `source`"
    assert f'href="formats/{name}.html"' in (site / "index.html").read_text(encoding="utf-8")


def test_every_protocol_model_and_command_has_its_place(site: Path) -> None:
    protocols = (site / "protocols.html").read_text(encoding="utf-8")
    assert all(f'<h3 id="{name}">' in protocols for name in protocol_names())
    assert protocols.count("<math ") == protocols.count('class="formula"') > 10
    models = (site / "models.html").read_text(encoding="utf-8")
    assert all(f'<h2 id="{name}">' in models for name in model_names())
    commands = (site / "reference/commands.html").read_text(encoding="utf-8")
    assert all(f'<h3 id="segdata-{name}">' in commands for name in ROAD)
    assert '<h3 id="python-m-flowsui">' in commands


def test_every_key_of_the_pipeline_file_is_explained(site: Path) -> None:
    """The build stops at a key without a meaning; here: that the sections are all there."""
    text = (site / "reference/pipeline-file.html").read_text(encoding="utf-8")
    structs = [
        one for one in vars(pipeline).values() if isinstance(one, type) and issubclass(one, pipeline.Section)
    ]
    keys = {key for struct in structs for key in struct.__struct_encode_fields__}
    assert {"epochs", "label_map", "size_hw", "protocol"} <= keys
    assert [key for key in sorted(keys) if f"<code>{key}</code>" not in text] == []


def test_links_that_lead_out_are_listed_and_nothing_internal_is_published(site: Path) -> None:
    listed = (site / "external-links.txt").read_text().split()
    assert "https://www.robots.ox.ac.uk/~vgg/software/via/" in listed
    assert not list(site.rglob("*.py"))
    assert not (site / "generate").exists()


def test_pictures_in_the_repository_are_small() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "docs"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    ).stdout.decode()
    pictures = [
        REPOSITORY / name for name in listed.split() if name.endswith((".png", ".webp", ".jpg", ".ipynb"))
    ]
    assert sum(path.stat().st_size for path in pictures if path.is_file()) < MOST_PICTURES


@pytest.fixture
def page(site: Path) -> Iterator[Any]:
    if not CHROMIUM.is_file():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser.new_page()
        browser.close()


def test_pages_open_from_the_disk_find_what_is_searched_and_ask_no_other_host(
    site: Path, page: object
) -> None:
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((site / "protocols.html").as_uri())
    page.click("[data-md-component=search-query]")
    page.keyboard.type("polyline")
    links = page.locator(".md-search-result__link")
    links.first.wait_for(timeout=20_000)
    addresses = [link.get_attribute("href").split("?")[0].split("#")[0] for link in links.all()]
    assert "formats/via.html" in {address.rpartition("site/")[2] for address in addresses}
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
