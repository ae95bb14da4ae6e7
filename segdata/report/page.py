"""Puts the sections into one HTML file that opens anywhere: no script, no link, no font, no request.

Names of classes, photos and files come from strangers; the template escapes every one of them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from segdata.errors import SegdataError
from segdata.project import Project
from segdata.report.gallery import share_of
from segdata.report.provenance import circumstances, dvc_hashes, versions
from segdata.report.render import write_page
from segdata.report.rules import RULES
from segdata.report.sections import read_section
from segdata.report.verdict import judge


def build_report(project: Project, names: Sequence[str], folder: Path | None = None) -> Path:
    """Write index.html over the named pipelines, in that order, and return its path.

    folder  None: data/report/
    A pipeline that is not yet converted, trained or scored gets a section that says what to run, and so does one whose
    scores are of other shards or other weights, which stderr tells too. The same inputs give the same bytes, but for the
    commit and the machine in the footer. Raises SegdataError when nothing at all is there, or when a part is damaged.
    """
    most = share_of(len(names))
    sections = [read_section(project, name, most) for name in names]
    if not any(section.started for section in sections):
        raise SegdataError(
            "report",
            found=f"no shards, runs or evaluations of {', '.join(names) or 'any pipeline'}",
            expected="at least one converted pipeline under data/",
            fix=_what_to_run(project, names),
        )
    for section in sections:
        if section.stale:
            print(
                f"WARNING: {section.name}: its scores are left out. {section.stale}",
                file=sys.stderr,
                flush=True,
            )
    path = (folder or project.report_dir()) / "index.html"
    write_page(
        path,
        "segdata.report",
        "report.html.j2",
        sections=sections,
        scored=[section for section in sections if section.evaluation],
        verdicts={section.name: judge(section) for section in sections},
        rules=RULES,
        versions=versions(),
        dvc={name: dvc_hashes(project, name) for name in names},
        circumstances=circumstances(project, names),
    )
    return path


def _what_to_run(project: Project, names: Sequence[str]) -> str:
    others = [name for name in project.pipeline_names() if name not in names]
    there = [name for name in others if (project.shards_dir(name) / "manifest.parquet").is_file()]
    if not there:
        return "Run dvc repro."
    return f"Run dvc repro, or name what is there: segdata report {' '.join(there)}"


__all__ = ["build_report"]
