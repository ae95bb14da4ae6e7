"""Convert one pipeline's source into its shard set: list, plan shards, one task per shard, manifest last.

python -m flows.convert sample-via            what the DVC stage runs
python -m flows.convert sample-via --strict   an error, and the old set stays, where a photo cannot be used
python -m flows.convert sample-via --verify   read every file again, whatever its size and times say
"""

from __future__ import annotations

import logging
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import click
from prefect import flow, task, unmapped
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.deployments.runner import RunnerDeployment
from prefect.futures import as_completed
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.task_runners import TaskRunner
from prefect.types.entrypoint import EntrypointType
from tqdm import tqdm

from flows.local_server import server
from flows.runners import build_runner
from segdata.conversion import Conversion, ShardTask, Summary, one_conversion
from segdata.conversion.plan import ShardResult
from segdata.errors import SegdataError
from segdata.left_behind import require_current
from segdata.project import Project
from segdata.weights_file import check_weights_file
from segdata.wording import counted


@lru_cache(maxsize=1)
def _conversion(root: str, name: str, run_id: str) -> Conversion:
    """One open source per run and process: shared by the threads here, opened once in each worker process."""
    return Conversion.open(Project(Path(root)), name)


@task(cache_policy=NO_CACHE, task_run_name="shard of {name}", retries=1, retry_delay_seconds=1)
def convert_shard(shard: ShardTask, root: str, name: str, run_id: str) -> ShardResult:
    """Idempotent: writes one file under its content's name and returns its rows, never pixels."""
    return _conversion(root, name, run_id).convert(shard)


@flow(name="convert", flow_run_name="convert {name}", validate_parameters=False)
def convert(root: str, name: str, run_id: str, strict: bool = False, verify: bool = False) -> Summary:
    """One source into one shard set, with a markdown artifact of what it came to."""
    _hide_tracebacks_of_data_errors()
    conversion = _conversion(root, name, run_id)
    plan = conversion.plan(verify=verify)
    futures = convert_shard.map(list(plan.tasks), unmapped(root), unmapped(name), unmapped(run_id))
    done: dict[Any, ShardResult] = {}
    total = sum(len(shard.samples) for shard in plan.tasks)
    with tqdm(total=total, unit="photo", desc=f"convert {name}", disable=None) as progress:
        for future in as_completed(list(futures)):
            result = future.result()
            done[future] = result
            progress.update(len(result.records))
    summary = conversion.finish(plan, [done[future] for future in futures], strict=strict)
    create_markdown_artifact(markdown(summary), key=artifact_key(name), description=summary.counts_line())
    return summary


def artifact_key(name: str, of: str = "convert") -> str:
    """Prefect allows lower-case letters, digits and dashes."""
    return f"{of}-" + "".join(part if part.isalnum() and part.isascii() else "-" for part in name.lower())


def markdown(summary: Summary) -> str:
    """Counts, class shares and problems as markdown tables."""
    lines = [
        f"# {summary.pipeline}",
        "",
        summary.counts_line(),
        "",
        "| class | " + " | ".join(summary.samples) + " |",
    ]
    lines.append("|---|" + "---:|" * len(summary.samples))
    for label in next(iter(summary.pixels.values()), {}):
        shares = [
            counts[label] / max(1, sum(counts.values()) + summary.ignored[split])
            for split, counts in summary.pixels.items()
        ]
        lines.append(f"| {cell(label)} | " + " | ".join(f"{share:.2%}" for share in shares) + " |")
    lines += ["", "| finding | severity | count |", "|---|---|---:|"]
    lines += [f"| {code} | {severity} | {count} |" for code, severity, count in summary.by_code()]
    lines += ["", *(f"- {cell(line)}" for line in summary.problem_lines())]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def run(
    project: Project,
    name: str,
    *,
    strict: bool = False,
    verify: bool = False,
    runner: TaskRunner[Any] | None = None,
) -> Summary:
    """Run the flow against PREFECT_API_URL or the project's own server. One conversion of a set at a time."""
    task_runner = runner or build_runner(project.params().convert)
    run_id = uuid4().hex
    root = str(project.root)
    require_current(project, name)
    with one_conversion(project, name):
        _conversion(root, name, run_id)  # a source that cannot be opened fails before a server starts
        with server(project) as url, temporary_settings({PREFECT_API_URL: url}):
            return convert.with_options(task_runner=task_runner)(root, name, run_id, strict, verify)


@flow(name="convert a pipeline", flow_run_name="convert {name} on request")
def convert_pipeline(name: str, strict: bool = False, verify: bool = False) -> str:
    """Convert a pipeline's source into its shard set, as `segdata convert` does.

    Args:
        name: a file of pipelines/, without .yaml
        strict: an error where a photo cannot be used; the old set stays
        verify: read every file again, whatever its size and times say
    """
    _hide_tracebacks_of_data_errors()
    return run(Project.find(), name, strict=strict, verify=verify).counts_line()


def deployments(project: Project) -> list[RunnerDeployment]:
    """What the UI offers to start: the conversion of each pipeline that params.yaml names."""
    made = [
        convert_pipeline.to_deployment(
            name, parameters={"name": name}, entrypoint_type=EntrypointType.MODULE_PATH
        )
        for name in project.params().pipelines
    ]
    return cast("list[RunnerDeployment]", made)  # a coroutine only where a loop runs already


def _hide_tracebacks_of_data_errors() -> None:
    """Prefect prints a traceback for every failed run; for errors that name file and remedy, the message is enough."""

    def is_fault(record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], SegdataError))

    for handler in logging.getLogger().handlers:
        handler.addFilter(is_fault)


def _warn_of_weights(project: Project, name: str) -> None:
    """Conversion can do without the weights: training, when it comes to it, cannot."""
    try:
        check_weights_file(project, name)
    except SegdataError as error:
        click.echo(f"WARNING: {name} can be converted, but not trained: {error}", err=True)


def convert_and_tell(project: Project, name: str, *, strict: bool, verify: bool = False) -> None:
    """Run the flow, print what came of it; problems go to stderr, loudly, at the end."""
    start = time.monotonic()
    project.pipeline(name)  # what is wrong with the file as a whole is told as that
    try:
        _warn_of_weights(project, name)
        summary = run(project, name, strict=strict, verify=verify)
    except KeyboardInterrupt:
        click.echo("stopped: the old set stays; run again to go on after the last finished shard", err=True)
        sys.exit(130)
    click.echo(f"{summary.counts_line()} ({time.monotonic() - start:.1f} s)")
    for line in summary.problem_lines():
        click.echo(f"  {line}", err=True)
    if summary.errors:
        click.echo(
            f"WARNING: {counted(summary.errors, 'error')}: photos set aside; all are listed in data/checks/{name}.json",
            err=True,
        )


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name")
@click.option("--strict", is_flag=True, help="Stop when a sample had to be set aside; the old set stays.")
@click.option("--verify", is_flag=True, help="Read every file again, whatever its size and times say.")
def main(name: str, strict: bool, verify: bool) -> None:
    """Convert the source of pipeline NAME into its shard set."""
    try:
        convert_and_tell(Project.find(), name, strict=strict, verify=verify)
    except (SegdataError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    from flows.convert import main as imported  # what a worker elsewhere is sent must have a name there

    imported()
