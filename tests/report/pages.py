"""Builds pages of small pipelines and takes them apart again."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
from numpy.typing import NDArray

from segdata.report import build_report
from tests.report.fakes import Fake

HW = (6, 8)
VOID = {"br", "img", "input", "link", "meta"}


class Page(HTMLParser):
    """Text of every table row by table class, all tags with attributes, and whether every tag closes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and "tr" in self.open:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> does not close the innermost tag"

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text += data
        if {"td", "th"} & set(self.open) and self.rows:
            self.rows[-1][-1] += data

    def row(self, *start: str) -> list[str]:
        """The one row whose first cells begin so."""
        found = [r for r in self.clean() if len(r) >= len(start) and r[: len(start)] == list(start)]
        assert len(found) == 1, (start, found)
        return found[0]

    def clean(self) -> list[list[str]]:
        return [[" ".join(cell.split()) for cell in row] for row in self.rows]

    def attributes(self, tag: str, name: str) -> list[str]:
        return [attrs[name] or "" for found, attrs in self.tags if found == tag and name in attrs]


def photos(
    ids: list[str], count: int, seed: int = 1
) -> dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    rng = np.random.default_rng(seed)
    return {
        id: (rng.integers(0, 256, (*HW, 3), np.uint8), rng.integers(0, count, HW).astype(np.uint8))
        for id in ids
    }


def complete(fake: Fake, ids: list[str] | None = None, classes: int | None = None) -> dict[str, object]:
    """A pipeline that went all the way; its predictions are the truth with its first column set to class 0."""
    classes = classes or len(fake.names)
    fake.write_pipeline()
    test = photos(ids or ["a", "b", "c", "d", "e", "f"], classes)
    fake.write_shards(
        {"train": photos(["t1", "t2"], classes, 2), "val": photos(["v"], classes, 3), "test": test}
    )
    curves = [(1, 2.0, 2.1, 0.2, 0.5, 0.03), (2, 1.0, 1.2, 0.6, 0.8, 0.03), (3, 0.5, 1.3, "", 0.7, 0.03)]
    fake.write_run(curves, best=2)
    truths = {id: mask for id, (_, mask) in test.items()}
    predictions = {id: mask.copy() for id, mask in truths.items()}
    for mask in predictions.values():
        mask[:, 0] = 0
    return fake.write_evaluation(truths, predictions)


def built(fake: Fake, *names: str) -> str:
    return build_report(fake.project, names or (fake.name,)).read_text(encoding="utf-8")
