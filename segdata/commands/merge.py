"""`segdata merge`: What two people did to one raw folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

import click

from segdata.commands._shared import needing, project_of
from segdata.wording import counted

if TYPE_CHECKING:
    from segdata.merging import Merged
    from segdata.merging.conflicts import Conflict
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
    help="Whose annotation of a photo, or row of segdata-groups.csv, where both changed it.",
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
        for line in _lines(merged.conflicts):
            click.echo(f"  {line}", err=True)
        said = f"{name}: {counted(len(merged.conflicts), 'conflict')}; nothing was done. {_who_decides(merged.conflicts)}"
        click.echo(said, err=True)
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


def _lines(conflicts: Sequence[Conflict]) -> Iterator[str]:
    """The first few; those that --prefer decides are marked where there are others too."""
    mixed = len({one.by_prefer for one in conflicts}) == 2
    for one in conflicts[:SHOWN]:
        yield f"{one} (--prefer decides)" if mixed and one.by_prefer else f"{one}"
    if len(conflicts) > SHOWN:
        yield f"… and {len(conflicts) - SHOWN} more"


def _who_decides(conflicts: Sequence[Conflict]) -> str:
    by_prefer = sum(one.by_prefer for one in conflicts)
    yours = len(conflicts) - by_prefer
    if not by_prefer:
        return f"{'It is' if yours == 1 else 'They are'} for you to decide: docs/how-to/team.md says how."
    prefer = "--prefer ours or --prefer theirs decides"
    if not yours:
        return f"{prefer} {'it' if by_prefer == 1 else 'them'}."
    rest = "the other is" if yours == 1 else f"the other {yours:,} are"
    return f"{prefer} {by_prefer:,} of them, as marked; {rest} for you to decide first: docs/how-to/team.md says how."
