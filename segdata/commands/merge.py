"""`segdata merge`: What two people did to one raw folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from segdata.commands._shared import needing, project_of
from segdata.wording import counted

if TYPE_CHECKING:
    from segdata.merging import Merged
    from segdata.merging.entries import Side

SHOWN = 20
_CONFLICTS = 1


@click.command(
    "merge", epilog="segdata merge mine           both sides' photos, where git merge stopped at a .dvc file"
)
@click.argument("name")
@click.option(
    "--prefer",
    type=click.Choice(["ours", "theirs"]),
    help="Whose annotation of a photo where both changed it.",
)
@click.pass_context
def command(ctx: click.Context, name: str, prefer: str | None) -> None:
    """Merge the raw folder of pipeline NAME while a `git merge` stands open at its .dvc file.

    What only they changed is taken, yours stays; a JSON file of VIA is merged entry by entry, lists line by line. Where both
    changed the same, nothing is done without --prefer, and the exit code is 1. Run it again when it was killed.
    """

    def work() -> Merged:
        from segdata.merging import merge

        return merge(project_of(ctx), name, cast("Side | None", prefer))

    merged = needing("core", "segdata merge", work)
    if not merged.done:
        for line in merged.conflicts[:SHOWN]:
            click.echo(f"  {line}", err=True)
        if len(merged.conflicts) > SHOWN:
            click.echo(f"  … and {len(merged.conflicts) - SHOWN} more", err=True)
        click.echo(
            f"{name}: {counted(len(merged.conflicts), 'conflict')}; nothing was done. --prefer ours or --prefer theirs decides where "
            "both have changed the annotation of a photo; what else stands above, docs/how-to/team.md says what to do with.",
            err=True,
        )
        ctx.exit(_CONFLICTS)
    for line in (*merged.taken, *merged.said):
        click.echo(f"  {line}")
    click.echo(f"{name}: merged")
    if merged.open:
        click.echo(f"  still to be merged: {', '.join(merged.open)}")
    pull = ""
    if merged.behind:
        click.echo(f"  merged by git alone, and not here yet: {', '.join(merged.behind)}")
        pull = f"dvc pull {' '.join(f'{folder}.dvc' for folder in merged.behind)}, "
    click.echo(f"  then: {pull}dvc repro, git add -A, git commit, dvc push, git push")
