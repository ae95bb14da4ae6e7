"""`segdata history`: Which versions of a shard set does git know?"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import click

from segdata.commands._shared import project_of
from segdata.wording import counted

if TYPE_CHECKING:
    from segdata.versions import HistoryEntry


@click.command("history", epilog="segdata history sample-via  its versions, and which lie in the local cache")
@click.argument("name")
@click.option(
    "--most", type=click.IntRange(1), default=20, show_default=True, help="Show so many, newest first."
)
@click.pass_context
def command(ctx: click.Context, name: str, most: int) -> None:
    """Versions of a shard set from git: date, commit, message, samples, classes, size, and whether the data are here."""
    from segdata.versions import read_history

    project = project_of(ctx)
    project.pipeline_path(name)
    history = read_history(project, name)
    shown = list(islice(history, most))
    if not shown:
        click.echo(f"{name}: git knows no version; run dvc repro, and commit dvc.lock")
        return
    for entry in shown:
        for line in _lines(entry):
            click.echo(line)
    if next(history, None) is not None:
        click.echo(f"older ones: segdata history {name} --most {2 * most}")
    if any(entry.here != "here" for entry in shown):
        click.echo(
            f"what is not here: dvc get . data/shards/{name} --rev COMMIT -o FOLDER, for segdata diff FOLDER"
        )


def _lines(entry: HistoryEntry) -> list[str]:
    if entry.commit is None:
        first = "not committed       what dvc.lock says now"
    else:
        first = f"{entry.commit.short}  {entry.commit.date[:10]}  {entry.commit.subject}"
    if entry.samples is None or entry.classes is None or entry.bytes is None:
        return [first, f"         {entry.here}"]
    splits = ", ".join(f"{split} {number:,}" for split, number in entry.samples.items())
    facts = [
        f"{counted(sum(entry.samples.values()), 'sample')} ({splits})",
        counted(len(entry.classes), "class", "classes"),
        f"{entry.bytes / 2**20:,.1f} MiB",
        entry.here,
    ]
    return [first, "         " + ", ".join(facts)]
