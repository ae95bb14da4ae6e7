"""Serves a set's inbox: annotated photos dropped into data/inbox/<name>/ go through check, add and convert.

python -m flows.inbox mine --once               one look
python -m flows.inbox mine --every 300          one look now, then one every five minutes until Ctrl-C

With --every the flow is a deployment, inbox/<name>, of the Prefect server in use, with an interval as its schedule: it can
be paused, resumed and run at once from Prefect's pages. Each look is a flow run in a process of its own. What lies in an
inbox, and what becomes of it, says segdata/adding/inbox.py.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any, cast

import click
from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.deployments.runner import RunnerDeployment
from prefect.runner import Runner
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.types.entrypoint import EntrypointType

from flows.convert import artifact_key, cell, run
from flows.local_server import server
from segdata.adding.inbox import SETTLED_SECONDS, Looked, conversion_is_due, look, require_choice
from segdata.errors import SegdataError
from segdata.pipeline import Split
from segdata.project import Project

LEAST_SECONDS = 5
"""Between two looks: the start of a process takes as long."""


def markdown(name: str, looked: Looked) -> str:
    """What one look came to."""
    lines = [f"# Inbox of {name}", "", cell(looked.line(name)), ""]
    lines += [f"- taken: {cell(one)}" for one in looked.taken]
    lines += [f"- quarantined: {cell(one)}: {cell(why)}" for one, why in looked.quarantined.items()]
    lines += [f"- {cell(one)} {cell(why)}" for one, why in looked.waiting.items()]
    lines += [f"- {cell(one)}" for one in looked.said]
    return "\n".join(lines) + "\n"


@flow(name="inbox", flow_run_name="inbox of {name}", validate_parameters=False)
def inbox(root: str, name: str, split: str | None = None, settled_seconds: float = SETTLED_SECONDS) -> str:
    """One look: check and add what is ready, convert when something was taken, leave an artifact.

    Raises SegdataError when the set cannot be converted as it is now: the photos stay in the source, and every look tries
    again until somebody has mended what the message names.
    """
    project = Project(Path(root))
    looked = look(project, name, cast("Split | None", split), settled_seconds)
    due = conversion_is_due(project, name)
    failed: SegdataError | None = None
    if due.exists():
        try:
            looked.converted = run(project, name).counts_line()
            due.unlink()
        except SegdataError as error:
            failed, looked.converted = error, f"not converted: {error}"
    if looked.taken or looked.quarantined or looked.converted:
        key = artifact_key(name).replace("convert-", "inbox-", 1)
        create_markdown_artifact(markdown(name, looked), key=key, description=looked.line(name))
    click.echo("\n  ".join([looked.line(name), *looked.reasons()]))
    if failed is not None:
        raise failed
    return looked.line(name)


def deployments(project: Project) -> list[RunnerDeployment]:
    """What the UI offers to start: one look into the inbox of each pipeline that params.yaml names."""
    made = [
        inbox.to_deployment(
            f"look at {name} once",  # not the name of the scheduled one, whose interval it would end
            parameters={"root": str(project.root), "name": name},
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        for name in project.params().pipelines
    ]
    return cast("list[RunnerDeployment]", made)  # a coroutine only where a loop runs already


async def serve(name: str, every: int, parameters: dict[str, Any]) -> None:
    """Run the scheduled looks until Ctrl-C or SIGTERM; then no more are scheduled."""
    runner = Runner(name=f"inbox of {name}", limit=1, pause_on_shutdown=True)
    await runner.aadd_flow(inbox, name=name, interval=every, parameters=parameters)
    running = asyncio.create_task(runner.start())
    await asyncio.sleep(
        0
    )  # it has set a signal handler, whose SystemExit may vanish in a callback: ours replace it
    stop = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        await runner.astop()
    stopped.cancel()
    await running


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name")
@click.option("--every", type=click.IntRange(min=LEAST_SECONDS), help="Look now, then every so many seconds.")
@click.option("--once", is_flag=True, help="Look once.")
@click.option(
    "--split", type=click.Choice(["train", "val", "test"]), help="Where the source has official splits."
)
@click.option(
    "--settled", type=click.FloatRange(min=0), default=SETTLED_SECONDS, help="Seconds a file must be at rest."
)
def main(name: str, every: int | None, once: bool, split: str | None, settled: float) -> None:
    """Take annotated photos from data/inbox/NAME into the source of pipeline NAME, and convert.

    What lies in the inbox, by the format of the source:

    \b
      via, coco                a.jpg  roll7.json     photos, and a file that names them
      labelme                  a.jpg  a.json         each beside its photo
      masks, voc, cityscapes,  a.jpg  masks/a.png    masks in the folder masks/,
      matlab                                         called like their photos

    Folders of photos become folders below the photos of the set: roll7/a.jpg, with masks/roll7/a.png. What waits is
    listed with what it lacks; quarantine/ holds what could not be taken, with the reasons in .txt files, and taken/
    the annotation files that are in the set now.
    """
    if once == (every is not None):
        raise click.UsageError("give --once or --every SECONDS")
    try:
        project = Project.find()
        require_choice(project, name, cast("Split | None", split))
        root = str(project.root)
        parameters: dict[str, Any] = {"root": root, "name": name, "split": split, "settled_seconds": settled}
        with server(project) as url, temporary_settings({PREFECT_API_URL: url}):
            if every is None:
                inbox(**parameters)
                return
            try:
                inbox(**parameters)
            except SegdataError as error:  # the next look may find it mended
                click.echo(f"error: {error}", err=True)
            asyncio.run(serve(name, every, parameters))
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        click.echo("stopped: what was interrupted is completed at the next look", err=True)
        sys.exit(130)
    except (SegdataError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    from flows.inbox import main as own  # under its own name, by which the processes of the looks import it

    own()
