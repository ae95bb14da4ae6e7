"""`segdata diff`: What changed between two versions of a shard set?"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from segdata.commands._shared import needing, project_of
from segdata.wording import counted

if TYPE_CHECKING:
    from segdata.project import Project
    from segdata.versions import Difference, Version


@click.command("diff", epilog="segdata diff HEAD~1          what changed in the shard sets since a commit")
@click.argument("before", metavar="A")
@click.argument("after", metavar="[B]", required=False)
@click.argument("name", required=False)
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="All of it, too.")
@click.option(
    "--ids",
    "ids_folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Lists of ids, too.",
)
@click.option("--page/--no-page", default=True, help="Write data/diff/NAME/index.html.  [default: page]")
@click.pass_context
def command(
    ctx: click.Context,
    before: str,
    after: str | None,
    name: str | None,
    json_path: Path | None,
    ids_folder: Path | None,
    page: bool,
) -> None:
    """Photos added, removed, moved, re-annotated; pixels changed per class pair; class shares; pictures.

    A and B are folders of shard sets, or git revisions; without B, the working tree. Revisions are compared for the
    pipeline NAME, or for each whose set DVC tracked at A. --ids writes the ids of photos that are new
    in B, or whose file or annotation is another there, into DIRECTORY/NAME-changed.txt, and those that A alone has into
    DIRECTORY/NAME-removed.txt, one in a line, as remove --from takes them.
    """
    project = project_of(ctx)
    folders = [spec for spec in (before, after) if spec is not None and _is_set(spec)]
    if after is not None and name is None and after in project.pipeline_names() and not _is_set(after):
        after, name = None, after

    def work() -> int:
        from segdata.versions.opening import pipelines_to_compare

        if name is not None:
            project.pipeline_path(name)
        if len(folders) == 2:
            names = [name or Path(after or before).resolve().name]
        elif name is not None or folders:
            names = [name or Path(folders[0]).resolve().name]
        else:
            names = pipelines_to_compare(project, before)
        done = {one: _compare(project, one, (before, after), page, ids_folder) for one in names}
        if json_path is not None:
            _write_json(json_path, done)
        return 0

    ctx.exit(needing("train" if page else "core", "segdata diff", work))


def _is_set(spec: str) -> bool:
    return (Path(spec) / "manifest.parquet").is_file()


def _compare(
    project: Project, name: str, specs: tuple[str, str | None], page: bool, ids_folder: Path | None
) -> Difference:
    from segdata.versions import compare
    from segdata.versions.text import summary_lines

    with ExitStack() as stack:
        before, after = (_open(stack, project, name, spec) for spec in specs)
        difference = compare(before, after)
        for line in summary_lines(name, difference):
            click.echo(line)
        for version in (before, after):
            for line in version.ill_sized():
                click.echo(f"  damaged        {version.label}: {line}: segdata verify {name}", err=True)
        if page:
            from segdata.versions.page import write_page

            path = project.root / "data" / "diff" / name / "index.html"
            write_page(path, name, difference, (before, after))
            click.echo(f"  {'page':<14} {path.relative_to(project.root)}")
        if ids_folder is not None:
            _write_ids(ids_folder, name, before, after)
    return difference


def _open(stack: ExitStack, project: Project, name: str, spec: str | None) -> Version:
    from segdata.versions.opening import open_folder, open_version

    if spec is not None and _is_set(spec):
        return open_folder(Path(spec), spec)
    if spec is not None:
        project.pipeline_path(name)
    return stack.enter_context(open_version(project, name, spec))


def _write_json(path: Path, done: dict[str, Difference]) -> None:
    import msgspec

    from segdata.atomic import replace_file

    with replace_file(path) as temporary:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(done), indent=1) + b"\n")
    click.echo(f"  {'json':<14} {path}")


def _write_ids(folder: Path, name: str, before: Version, after: Version) -> None:
    from segdata.atomic import replace_file
    from segdata.versions.difference import changed_ids

    folder.mkdir(parents=True, exist_ok=True)
    gone = sorted(before.manifest.by_id.keys() - after.manifest.by_id.keys())
    for kind, ids in (("changed", changed_ids(before.manifest, after.manifest)), ("removed", gone)):
        path = folder / f"{name}-{kind}.txt"
        with replace_file(path) as temporary:
            temporary.write_text("".join(f"{id}\n" for id in ids), encoding="utf-8")
        click.echo(f"  {'ids':<14} {path}: {counted(len(ids), 'photo')}")
