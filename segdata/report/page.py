"""Puts the sections into one HTML file that opens anywhere: no script, no link, no font, no request.

Names of classes, photos and files come from strangers; the template escapes every one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from segdata.atomic import replace_file
from segdata.errors import MissingExtraError, SegdataError
from segdata.project import Project
from segdata.report.provenance import versions
from segdata.report.sections import Section, read_section


def build_report(project: Project, names: Sequence[str]) -> Path:
    """Write data/report/index.html over the named pipelines, in that order, and return its path.

    A pipeline that is not yet converted, trained or scored gets a section that says what to run. The same inputs give
    the same bytes. Raises SegdataError when nothing at all is there, or when a part is damaged.
    """
    sections = [read_section(project, name) for name in names]
    if not any(section.started for section in sections):
        raise SegdataError(
            "report",
            found=f"no shards, runs or evaluations of {', '.join(names) or 'any pipeline'}",
            expected="at least one converted pipeline under data/",
            fix="Run dvc repro.",
        )
    html = _render(
        sections=sections,
        scored=[section for section in sections if section.evaluation],
        versions=versions(),
    )
    path = project.report_dir() / "index.html"
    with replace_file(path) as temporary:
        temporary.write_text(html, encoding="utf-8", newline="\n")
    return path


def _render(**values: object) -> str:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("jinja2", "train", "the report") from error
    environment = Environment(
        loader=PackageLoader("segdata.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(score=score, signed=signed, percent=percent, count=count, rgb=rgb)
    return environment.get_template("report.html.j2").render(**values)


def score(value: float | None) -> str:
    """0.61234 → "0.612"; None → "–"."""
    return "–" if value is None else f"{value:.3f}"


def signed(value: float | None) -> str:
    """0.2 → "+0.200", with a true minus sign for losses; None → "–"."""
    return "–" if value is None else f"{value:+.3f}".replace("-", "−")


def percent(share: float) -> str:
    """0.0312 → "3.1 %"; a little is "<0.1 %", nothing is "0 %"."""
    if share == 0:
        return "0 %"
    return "<0.1 %" if share < 0.0005 else f"{share * 100:.1f} %"


def count(number: int) -> str:
    """12345 → "12,345"."""
    return f"{number:,}"


def rgb(color: Sequence[int]) -> str:
    """(128, 64, 128) → "#804080"."""
    return "#" + "".join(f"{part:02x}" for part in color)


__all__ = ["Section", "build_report"]
