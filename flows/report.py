"""The report, and its figures as artifacts on the Prefect server that runs already.

    python -m flows.report              what the DVC stage runs: the page alone, unless a server answers
    python -m flows.report --start      start the project's own server for it, if none runs (12 to 25 s)

A server answers where PREFECT_API_URL names one, or the project's own is up (during conversions, and under
`python -m flows.ui`). Artifacts: `report`, a table of all pipelines, and `report-<pipeline>`, what the page says of one.
They follow the page: whatever goes wrong with them is told, and costs nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from flows.local_server import SUPERVISOR_LOCK, is_held, is_up, read_address, server
from segdata.commands.report import report_and_tell
from segdata.errors import SegdataError
from segdata.project import Project
from segdata.report.inputs import Baselines
from segdata.report.sections import Section, read_section
from segdata.report.text import percent, score
from segdata.report.verdict import Verdict, judge


def answers(project: Project) -> bool:
    """Whether a Prefect server is there to take artifacts. Starts nothing, and imports no prefect."""
    given = os.environ.get("PREFECT_API_URL")
    if given:
        return is_up(given.rstrip("/"))
    home = project.scratch_dir("prefect")
    address = read_address(home)
    return address is not None and is_held(home / SUPERVISOR_LOCK) and is_up(address.url)


def table(sections: Sequence[Section]) -> list[dict[str, str | int | float | None]]:
    """One row per pipeline: the figures of the page's overview, unrounded; None where there is none."""
    rows: list[dict[str, str | int | float | None]] = []
    for section in sections:
        verdict = judge(section)
        metrics = section.evaluation.metrics if section.evaluation else None
        low, high = (metrics.mean_iou_interval if metrics else None) or (None, None)
        comparison = section.comparison
        rows.append(
            {
                "pipeline": section.name,
                "data": verdict.data.grade if verdict.data else None,
                "model": verdict.model.grade if verdict.model else None,
                "set aside": section.set_aside,
                "split": metrics.split if metrics else None,
                "photos": metrics.samples if metrics else None,
                "pixel accuracy": metrics.pixel_accuracy if metrics else None,
                "mean IoU": metrics.mean_iou if metrics else None,
                "interval from": low,
                "interval to": high,
                "better baseline": _better(metrics.baselines) if metrics else None,
                "published": comparison.published.value if comparison else None,
                "measured likewise": comparison.measured if comparison else None,
            }
        )
    return rows


def _better(baselines: Baselines) -> float | None:
    both = (baselines.position_prior.mean_iou, baselines.majority_class.mean_iou)
    return max((one for one in both if one is not None), default=None)


def markdown(section: Section, verdict: Verdict) -> str:
    """The answers, the classes and the best epoch of one pipeline."""
    from flows.convert import cell  # which imports prefect, so not before it is needed

    lines = [f"# {cell(section.pipeline.title)}", ""]
    for answer in verdict.answers:
        lines += [f"## {answer.question} {answer.grade}", ""]
        lines += [f"- {cell(one.text)}" for one in answer.statements] + [""]
    if section.classes:
        lines += ["| class | truth | IoU | accuracy |", "|---|---:|---:|---:|"]
        lines += [
            f"| {cell(row.score.name)} | {percent(row.truth_share)} | {score(row.score.iou)} | {score(row.score.accuracy)} |"
            for row in section.classes
        ]
    if section.training is not None:
        run = section.training.run
        lines += ["", f"Best epoch {run.best_epoch} of {run.epochs}, seed {run.seed}, shards `{run.shards}`."]
    return "\n".join(lines) + "\n"


def leave_artifacts(project: Project, names: Sequence[str]) -> list[str]:
    """Leave the table and one text per pipeline on the server, under the keys that are returned.

    Starts the project's own server if none runs.
    """
    sections = [read_section(project, name, 0) for name in names]
    texts = {section.name: markdown(section, judge(section)) for section in sections}
    rows = table(sections)

    from prefect import flow
    from prefect.artifacts import create_markdown_artifact, create_table_artifact
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.convert import artifact_key

    keys = {name: artifact_key(name, of="report") for name in texts}

    @flow(name="report", flow_run_name="report")
    def report() -> None:
        create_table_artifact(rows, key="report", description=f"{len(rows)} pipelines")
        for name, text in texts.items():
            create_markdown_artifact(text, key=keys[name], description=name)

    with server(project) as url, temporary_settings({PREFECT_API_URL: url}):
        report()
    return ["report", *keys.values()]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--start", is_flag=True, help="Start the project's own Prefect server where none runs.")
def main(start: bool) -> None:
    """Write data/report/index.html, and leave its figures as artifacts where a Prefect server answers."""
    try:
        project = Project.find()
        report_and_tell(project)
    except (SegdataError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    if not start and not answers(project):
        return
    try:
        keys = leave_artifacts(project, tuple(project.params().pipelines))
        click.echo(f"artifacts: {', '.join(keys)}")
    except Exception as error:  # whatever prefect and its server come up with: the page stands
        click.echo(f"WARNING: the report's figures were not left as Prefect artifacts: {error}", err=True)


if __name__ == "__main__":
    main()
