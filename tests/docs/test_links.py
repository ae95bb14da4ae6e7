"""A broken link in a built site is told, whatever way it is broken."""

from __future__ import annotations

from pathlib import Path

from generate.links import look_at


def write(site: Path, **pages: str) -> Path:
    for name, text in pages.items():
        path = site / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return site


def test_a_whole_site_has_nothing_to_tell_but_where_it_leads_out(tmp_path: Path) -> None:
    site = write(
        tmp_path,
        index_html='<a href="a__b.html#x">b</a><a href="sub/">sub</a><img src="p%20q.png"><a href="https://example.org/z">',
        sub__index_html='<a href="../index.html#top">up</a><a id="here" href="#here">',
        p_q="",
    )
    (site / "a__b.html").write_text('<p id="x">')
    (site / "p q.png").write_bytes(b"")
    found = look_at(site)
    assert (found.broken, found.fetched, found.external) == ((), (), ("https://example.org/z",))


def test_what_is_broken_is_named_with_its_page(tmp_path: Path) -> None:
    site = write(
        tmp_path,
        index_html='<a href="gone.html">1</a><a href="#nowhere">2</a><img src="gone.png"><a href="../out.html">3</a>',
        style_css="body { background: url(//example.org/x.png) }",
        other_html='<script src="https://example.org/x.js"></script><link rel="canonical" href="https://example.org/">',
    )
    found = look_at(site)
    assert found.broken == (
        "index.html: gone.png  no such file",
        "index.html: gone.html  no such file",
        "index.html: #nowhere  no such place in index.html",
        "index.html: ../out.html  leads out of the site",
    )
    assert found.fetched == (
        "other.html: https://example.org/x.js  fetched from another host",
        "style.css: a style sheet that fetches from another host",
    )
