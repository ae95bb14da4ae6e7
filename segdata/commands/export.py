"""`segdata export`: Masks back to the files of an annotation tool."""

from __future__ import annotations

from pathlib import Path

import click

from segdata.commands._shared import listed_ids, needing, project_of
from segdata.errors import ConfigError

FORMATS = ["via", "cityscapes", "voc", "coco", "masks"]


@click.command(
    "export", epilog="segdata export sample-voc --to via --out voc-in-via  masks as polygons, to go on in VIA"
)
@click.argument("name")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--to", type=click.Choice(FORMATS), required=True, help="The format to write.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write: new, or empty.")
@click.option(
    "--from",
    "origin",
    type=click.Choice(["raw", "shards"]),
    help="Originals at full size, or the shards. Default: raw where it is there.",
)
@click.option(
    "--ids",
    "list_",
    type=click.Path(path_type=Path),
    help="Text file of ids, one per line, as segdata browse saves.",
)
@click.option("--split", type=click.Choice(["train", "val", "test"]), help="Default: all.")
@click.option(
    "--draft", is_flag=True, help="To VIA: outlines of few points, near the masks, to correct by hand."
)
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    ids: tuple[str, ...],
    to: str,
    out: Path,
    origin: str | None,
    list_: Path | None,
    split: str | None,
    draft: bool,
) -> None:
    """Write a pipeline's photos and masks in another tool's own layout, exact to the pixel unless --draft is given.

    source.yaml beside them is the source section of a pipeline file that reads them back.
    """
    if draft and to != "via":
        raise click.UsageError("--draft goes with --to via.")
    project = project_of(ctx)

    def work() -> int:
        from tqdm import tqdm

        from segdata.export import check_out, export_samples
        from segdata.export.inputs import open_samples
        from segdata.export.via_project import Dialect

        check_out(out, project.root / project.pipeline(name).source.root)
        wanted = [*ids, *(listed_ids("--ids", list_) if list_ else [])]
        if list_ and not wanted:
            raise ConfigError("--ids", found=f"no ids in {list_}", expected="one per line")
        samples = open_samples(project, name, origin=origin, split=split, ids=wanted)
        place = out.resolve()
        inside = place.is_relative_to(project.root)
        root = place.relative_to(project.root).as_posix() if inside else None
        shown = tqdm(samples, total=len(samples), unit="photo", desc=f"export {name}", disable=None)
        drafts = Dialect.of(samples.ontology) if draft else None
        try:
            accepted = project.pipeline(name).source.accept_leaks
            exported = export_samples(
                shown, samples.ontology, to, out, root=root, drafts=drafts, accept_leaks=accepted
            )
        finally:
            for finding in samples.findings:
                click.echo(f"  {finding.line()}", err=True)
        for finding in exported.findings:
            click.echo(f"  {finding.line()}", err=True)
        click.echo(f"{name}: {exported.counts_line()}")
        for note in exported.notes:
            click.echo(f"  {note}")
        if not inside:
            click.echo(
                f"  source.yaml says root: {exported.source['root']}; move the folder there, or set root."
            )
        problems = [*samples.findings, *exported.findings]
        if problems:
            click.echo(f"{len(problems)} set aside, listed above", err=True)
        return 1 if any(finding.severity == "error" for finding in problems) else 0

    ctx.exit(needing("core", "segdata export", work))
