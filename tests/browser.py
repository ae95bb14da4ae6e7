"""What tests of pages share: an app on a free port, and a headless Chromium that watches what a page does.

    with running(app) as url, chromium() as browser, watched(browser, url) as seen:
        seen.page.get_by_role("button", name="Save").click()
    # on leaving: no error on the console, no request to another host

Without playwright or a Chromium the test is skipped, with the reason. SEGDATA_CHROMIUM names another one.
"""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def running(app: Any) -> Iterator[str]:
    """Serve an ASGI app on a free port of this machine, in a thread; yields its address without a slash at the end."""
    import uvicorn

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(256)
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            wait_for(lambda: server.started or not thread.is_alive(), "the server to start")
            assert server.started, "the app did not start"
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive(), "the server did not end"


def wait_for(true: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Return as soon as `true` says so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.05)


def chromium_path() -> str | None:
    """The browser to use; None where there is none."""
    named = os.environ.get("SEGDATA_CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium; skips the test where it, or playwright, is absent."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="tests of pages need playwright")
    path = chromium_path()
    if path is None:
        pytest.skip(f"tests of pages need one of {', '.join(NAMES)}, or SEGDATA_CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page, and what it did: messages on the console that are errors or warnings, requests to other hosts."""

    page: Page
    console: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@contextmanager
def watched(
    browser: Browser,
    url: str,
    *,
    width: int = 1280,
    height: int = 900,
    known: Collection[str] = (),
    **context: Any,
) -> Iterator[Watched]:
    """Open a page, and assert at the end that it had no error and asked no other host.

    known    messages on the console that are none of ours
    context  further options of playwright's new_context: downloads, color_scheme, …
    """
    opened = browser.new_context(viewport={"width": width, "height": height}, **context)
    opened.set_default_timeout(30_000)
    seen = Watched(opened.new_page())
    host = urlsplit(url).netloc

    def ask(address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != host:
            seen.foreign.append(address)

    seen.page.on("request", lambda request: ask(request.url))
    seen.page.on("websocket", lambda socket: ask(socket.url.replace("ws", "http", 1)))
    seen.page.on("pageerror", lambda error: seen.console.append(f"uncaught: {error}"))
    seen.page.on(
        "console",
        lambda said: seen.console.append(said.text) if said.type in ("error", "warning") else None,
    )
    seen.page.on(
        "response",
        lambda answer: seen.failed.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
    )
    try:
        seen.page.goto(url)
        yield seen
        assert seen.foreign == [], "requests to other hosts"
        assert [said for said in seen.console if said not in known] == [], "errors on the console"
        assert seen.failed == [], "requests that failed"
    finally:
        opened.close()


def screenshot(page: Page, name: str) -> None:
    """Keep a picture of the whole page in $SEGDATA_SCREENSHOTS, where somebody asks for it."""
    folder = os.environ.get("SEGDATA_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
