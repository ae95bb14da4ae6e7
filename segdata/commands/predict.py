"""`segdata predict`: Masks for new photos, and drafts to correct in an annotation tool."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from segdata.commands._shared import check_names, needing, project_of
from segdata.commands.export import FORMATS
from segdata.wording import counted

if TYPE_CHECKING:
    from segdata.prediction.folder import Outcome
    from segdata.prediction.how import How
    from segdata.prediction.photos import Given
    from segdata.project import Project


class _Scales(click.ParamType[tuple[float, ...]]):
    """0.5,0.75,1"""

    name = "scales"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        try:
            return tuple(float(part) for part in str(value).replace(",", " ").split())
        except ValueError:
            self.fail(f"{value!r} is no list of numbers such as 0.5,0.75,1.", param, ctx)


@click.command(
    "predict",
    epilog="segdata predict mine photos/ --to via --out data/predicted/photos  drafts to correct by hand in VIA",
)
@click.argument("name")
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="New, or an earlier prediction's."
)
@click.option("--to", type=click.Choice(FORMATS), help="Also write photos and masks in this format.")
@click.option("--exact", is_flag=True, help="To VIA: the very masks, not drafts of few points.")
@click.option(
    "--tile", "tile_hw", type=click.IntRange(8, 8192), nargs=2, metavar="H W", help="See photos in tiles."
)
@click.option("--overlap", type=click.IntRange(min=0), help="Pixels that tiles share. Default: a quarter.")
@click.option("--tile-scale", type=float, help="Scale of the tiled photo. Default: that of training.")
@click.option("--flip", is_flag=True, help="Average with the mirrored photo.")
@click.option(
    "--scales", type=_Scales(), metavar="S,S,…", help="Average over scales: 0.5,0.75,1,1.25,1.5,1.8."
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Default: params.yaml.")
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    photos: tuple[Path, ...],
    out: Path,
    to: str | None,
    exact: bool,
    tile_hw: tuple[int, int] | None,
    overlap: int | None,
    tile_scale: float | None,
    flip: bool,
    scales: tuple[float, ...] | None,
    device: str | None,
) -> None:
    """Write a mask for every photo, as large as the photo, with a pipeline's trained model.

    OUT/predictions holds palettised PNGs whose index is the class id; with --to, OUT/<format> holds photos and masks for
    that tool. To VIA these are drafts: outlines with few points and without tiny islands, to be corrected by hand and
    given to segdata add; what they differ by is said. To Cityscapes the split is that of a folder called train, val or test
    that the photo lies in, else test. Averages are of softmax probabilities; overlapping tiles are blended. Run again to
    go on: masks made with the same weights and options are kept. Exit code 1: some photos could not be read; they are listed.
    """
    if tile_hw is None and (overlap is not None or tile_scale is not None):
        raise click.UsageError("--overlap and --tile-scale go with --tile H W.")
    if exact and to != "via":
        raise click.UsageError("--exact goes with --to via; the other formats hold the very masks.")
    project = project_of(ctx)
    check_names(project, name)

    def work() -> int:
        from segdata.evaluation.device import choose_device, quiet_threads

        quiet_threads()
        from segdata.evaluation.run import load_noted_run
        from segdata.export.dialect import dialect_of
        from segdata.prediction.folder import check_places, predict_folder
        from segdata.prediction.kept import new
        from segdata.prediction.photos import find_photos

        check_places(out, photos, project.root / project.pipeline(name).source.root)
        found = find_photos(photos)
        how = _how(project, name, tile_hw, overlap, tile_scale, flip, scales)
        run, digests = load_noted_run(project.run_dir(name), choose_device(device, project.params().device))
        wanted = new(name, digests, run, how)
        drafts = None
        if to == "via" and not exact:
            drafts = dialect_of(project.pipeline(name).source, f"pipelines/{name}.yaml")
        root = _root(project, out, to)
        outcome = predict_folder(run, found, wanted, out, to=to, drafts=drafts, root=root, shown=_shown)
        _report(name, how, outcome, out, to)
        if found.others:
            click.echo(f"  {counted(found.others, 'file')} in the folders: no photos")
        return 1 if outcome.failed else 0

    ctx.exit(needing("train", "segdata predict", work))


def _how(
    project: Project,
    name: str,
    tile_hw: tuple[int, int] | None,
    overlap: int | None,
    tile_scale: float | None,
    flip: bool,
    scales: tuple[float, ...] | None,
) -> How:
    from segdata.evaluation.run import read_record
    from segdata.prediction.how import How, training_scale

    shards = project.pipeline(name).shards
    tile_scale_hw = (1.0, 1.0)
    if tile_scale is not None:
        tile_scale_hw = (tile_scale, tile_scale)
    elif tile_hw is not None:
        tile_scale_hw = training_scale(project, name)
    how = How(
        size_hw=read_record(project.run_dir(name)).size_hw,
        photo=shards.photo,
        exact=shards.exact,
        tile_hw=tile_hw,
        overlap=(min(tile_hw) // 4 if overlap is None else overlap) if tile_hw else 0,
        tile_scale_hw=tile_scale_hw,
        flip=flip,
        scales=(1.0,) if scales is None else scales,
    )
    how.check()
    return how


def _root(project: Project, out: Path, to: str | None) -> str | None:
    """What source.yaml calls the export's folder, from the project; None where it lies outside."""
    place = out.resolve() / (to or "")
    return place.relative_to(project.root).as_posix() if place.is_relative_to(project.root) else None


def _shown(given: Sequence[Given], step: str) -> Iterable[Given]:
    from tqdm import tqdm

    bar: Iterable[Given] = tqdm(given, unit="photo", desc=step, disable=None)
    return bar


def _report(name: str, how: How, outcome: Outcome, out: Path, to: str | None) -> None:
    for finding in outcome.findings:
        click.echo(f"  {finding.line()}", err=True)
    click.echo(f"{name}: {outcome.line()}")
    click.echo(f"  {how.line()}; masks: {out / 'predictions'}")
    if outcome.exported is not None:
        click.echo(f"  {outcome.exported.counts_line()}")
        for note in outcome.exported.notes:
            click.echo(f"  {note}")
    elif to is not None:
        click.echo(f"  {to}: lies there already, with these masks: {out / to}")
