"""A look at the built site: does every link inside it lead somewhere, and does no page fetch anything from elsewhere?

how-to/splits.html: ../shards.html#boundarys      no such place in shards.html
index.html: https://fonts.googleapis.com/…        fetched from another host
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHING = {
    ("link", "href"),
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("object", "data"),
}
"""Tags and attributes whose address a browser opens by itself; of <link>, all but rel=canonical and the like."""

HARMLESS_RELATIONS = {"canonical", "prev", "next", "edit", "license"}


@dataclass(frozen=True)
class Links:
    """What was found, each "page: address  why", sorted; external links as they stand."""

    broken: tuple[str, ...]
    fetched: tuple[str, ...]
    external: tuple[str, ...]


class _Page(HTMLParser):
    """The places and the addresses of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places: set[str] = {"", "top"}
        self.linked: list[str] = []
        self.opened: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.places |= {given[name] or "" for name in ("id", "name") if name in given}
        for name, value in attrs:
            if value is None or name not in ("href", "src", "data"):
                continue
            opens = (tag, name) in FETCHING and given.get("rel") not in HARMLESS_RELATIONS
            (self.opened if opens else self.linked).append(value)


def look_at(site: Path) -> Links:
    """All pages of a built site. Links out of it are listed; nothing is fetched."""
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    broken: list[str] = []
    fetched: list[str] = []
    external: set[str] = set()
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        for address in page.opened + page.linked:
            parts = urlsplit(address)
            if parts.scheme in ("http", "https") or parts.netloc:
                external.add(address)
                if address in page.opened:
                    fetched.append(f"{name}: {address}  fetched from another host")
            elif parts.scheme == "" and name != "404.html" and (why := _wrong(site, path, address, pages)):
                broken.append(f"{name}: {address}  {why}")
    fetched += _style_sheets(site)
    return Links(tuple(broken), tuple(fetched), tuple(sorted(external)))


def _wrong(site: Path, path: Path, address: str, pages: dict[Path, _Page]) -> str:
    """Why an address inside the site leads nowhere; "" when it leads somewhere."""
    parts = urlsplit(address)
    goal = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if goal.is_dir():
        goal = goal / "index.html"
    if not goal.is_relative_to(site.resolve()):
        return "leads out of the site"
    if not goal.is_file():
        return "no such file"
    page = pages.get(site / goal.relative_to(site.resolve()))
    if parts.fragment and page is not None and unquote(parts.fragment) not in page.places:
        return f"no such place in {goal.name}"
    return ""


def _style_sheets(site: Path) -> Iterator[str]:
    for path in sorted(site.rglob("*.css")):
        text = path.read_text(encoding="utf-8")
        if "url(http" in text or "url(//" in text or "@import" in text:
            yield f"{path.relative_to(site).as_posix()}: a style sheet that fetches from another host"
