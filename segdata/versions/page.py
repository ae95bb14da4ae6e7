"""Two versions side by side as one HTML file that opens anywhere: no script, no link, no font, no request.

Ids, labels and messages come from strangers; the template escapes every one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import segdata
from segdata.atomic import replace_file
from segdata.errors import MissingExtraError
from segdata.versions.changes import ClassShare, Difference, Reannotated
from segdata.versions.difference import table_of
from segdata.versions.opening import Version
from segdata.versions.pictures import ChangePictures, paint_change
from segdata.versions.text import percent_change

MOST_PICTURES = 24
MOST_IDS = 200
MOST_CLASSES = 24
"""Rows and columns of the matrix: the classes with the most changed pixels."""


@dataclass(frozen=True)
class Cell:
    """`share` of the largest cell decides the colour; None on the diagonal."""

    name: str
    pixels: int
    text: str
    share: float | None


@dataclass(frozen=True)
class Matrix:
    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    hidden: int


def write_page(path: Path, name: str, difference: Difference, versions: tuple[Version, Version]) -> None:
    """Write the page of a difference; the same inputs give the same bytes. Raises MissingExtraError without jinja2."""
    shown = [one for one in difference.reannotated if one.pixels][:MOST_PICTURES]
    html = _render(
        name=name,
        d=difference,
        matrix=_matrix(difference),
        pictures=[(one, _paint(one, versions)) for one in shown],
        left_out=len(difference.reannotated) - len(shown),
        shares=_share_tables(difference.class_shares),
        colors=dict(zip(difference.classes, difference.colors, strict=True)),
        most_ids=MOST_IDS,
    )
    with replace_file(path) as temporary:
        temporary.write_text(html, encoding="utf-8", newline="\n")


def _paint(one: Reannotated, versions: tuple[Version, Version]) -> ChangePictures:
    (image, mask), (new_image, new_mask) = (version.sample(one.id) for version in versions)
    manifests = [version.manifest for version in versions]
    names = list(dict.fromkeys(n for m in manifests for n in (*m.metadata.ontology().names, "ignore")))
    tables = [table_of(manifest, names) for manifest in manifests]
    changed = tables[0][mask] != tables[1][new_mask]
    colors = [manifest.metadata.ontology().color_table() for manifest in manifests]
    return paint_change((image, new_image), (mask, new_mask), changed, (colors[0], colors[1]))


def _matrix(difference: Difference) -> Matrix | None:
    if difference.transitions is None or not difference.pixels_changed:
        return None
    counts = np.array(difference.transitions, np.int64)
    np.fill_diagonal(counts, 0)
    involved = counts.sum(0) + counts.sum(1)
    order = np.argsort(-involved, kind="stable")
    kept = sorted(int(index) for index in order[:MOST_CLASSES] if involved[index])
    most = int(counts.max())
    rows = []
    for row in kept:
        cells = []
        for column in kept:
            pixels = int(counts[row, column])
            cells.append(
                Cell(
                    difference.classes[column],
                    pixels,
                    short_count(pixels) if pixels else "",
                    None if row == column else pixels / most,
                )
            )
        rows.append((difference.classes[row], tuple(cells)))
    names = tuple(difference.classes[index] for index in kept)
    return Matrix(names, tuple(rows), int((involved > 0).sum()) - len(kept))


def _share_tables(shares: Sequence[ClassShare]) -> list[tuple[str, list[ClassShare]]]:
    """Per split the classes that either version shows there."""
    splits = dict.fromkeys(share.split for share in shares)
    return [
        (split, [one for one in shares if one.split == split and (one.before or one.after)])
        for split in splits
    ]


def _render(**values: object) -> str:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("jinja2", "train", "the page of segdata diff") from error
    package = Path(segdata.__file__).parent
    environment = Environment(
        loader=FileSystemLoader([package / "versions" / "templates", package / "report" / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=lambda number: f"{number:,}",
        rgb=lambda color: "#" + "".join(f"{part:02x}" for part in color),
        change=percent_change,
        points=lambda value: f"{100 * value:+.2f}".replace("-", "−"),
    )
    return environment.get_template("diff.html.j2").render(**values)


def short_count(number: int) -> str:
    """Room for four characters.

    >>> short_count(999), short_count(1204), short_count(54321), short_count(1_234_567)
    ('999', '1.2k', '54k', '1.2M')
    """
    for unit, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= unit:
            value = number / unit
            return f"{value:.1f}{letter}" if value < 10 else f"{value:.0f}{letter}"
    return str(number)
