"""`segdata group`: which photos belong together, and stay in one split?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from segdata.commands._shared import needing, project_of

if TYPE_CHECKING:
    from segdata.grouping import Grouped

SHOWN = 20


@click.command(
    "group", epilog="segdata group mine   bursts, or photos that look alike, into the list of groups"
)
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Say what would be written; change nothing.")
@click.pass_context
def command(ctx: click.Context, name: str, dry_run: bool) -> None:
    """Extend segdata-groups.csv, by which source.splits.group {by: burst} and {by: look} keep photos together.

    What stands in the list stays as it is, so no photo changes its split; you may edit it.
    """
    project = project_of(ctx)

    def work() -> tuple[Grouped, list[str]]:
        from segdata.adding.effects import update_pointer
        from segdata.grouping import group
        from segdata.left_behind import require_current

        if not dry_run:
            require_current(project, name)
        grouped = group(project, name, dry_run=dry_run)
        is_written = bool(grouped.new or grouped.gone) and not dry_run
        root = project.root / project.pipeline(name).source.root
        return grouped, update_pointer(project, root) if is_written else []

    grouped, effects = needing("core", "segdata group", work)
    for conflict in grouped.conflicts[:SHOWN]:
        click.echo(f"  {conflict.line()}", err=True)
    if grouped.unclear:
        count = len(grouped.unclear)
        listed = ", ".join(grouped.unclear[:5])
        click.echo(f"  each by itself, without a time taken or not readable: {listed} ({count} photos)")
    gone = f", {len(grouped.gone)} that are gone left out" if grouped.gone else ""
    groups = len(set(grouped.groups.values()))
    verb = "would be listed" if dry_run else "listed"
    click.echo(
        f"{name}: {len(grouped.groups)} photos in {groups} groups; {len(grouped.new)} new ones {verb}{gone}"
    )
    for line in effects:
        click.echo(f"  {line}")
    if grouped.conflicts:
        left = sum(len(one.ids) for one in grouped.conflicts)
        click.echo(f"{left} without a group: write one for them into the list, or remove them", err=True)
        ctx.exit(1)
