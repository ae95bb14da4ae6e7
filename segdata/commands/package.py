"""`segdata package`: A trained model as a folder that runs by itself."""

from __future__ import annotations

from pathlib import Path

import click

from segdata.commands._shared import check_names, needing, project_of


@click.command(
    "package",
    epilog="segdata package mine --out mine-space  page, API and model card for a Space or a container",
)
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write: new, or empty.")
@click.option(
    "--licence", metavar="ID", default="other", help="Of the weights, as Hugging Face calls it: cc-by-4.0."
)
@click.option(
    "--examples",
    type=click.IntRange(0, 24),
    default=0,
    metavar="N",
    help="Put N photos of the set in it, to try with one click. Default: none, as photos may not be yours to pass on.",
)
@click.pass_context
def command(ctx: click.Context, name: str, out: Path, licence: str, examples: int) -> None:
    """Write a pipeline's trained model with all that serves it: for a Hugging Face Space, a container, a colleague.

    The folder needs no segdata and no torch: python app.py in an environment with its requirements.txt starts the
    page and the API of segdata serve. README.md is the model card.
    """
    project = project_of(ctx)
    check_names(project, name)

    def work() -> None:
        from segdata.evaluation.device import quiet_threads

        quiet_threads()
        from segdata.packaging.folder import write_package

        done = write_package(project, name, out, licence=licence, examples=examples)
        click.echo(
            f"{name}: {done.files} files, {done.size / 2**20:.1f} MiB, {done.examples} example photos: {out}"
        )
        click.echo(f"  {done.about.line()}")
        click.echo(f"  model.onnx: {done.written.line()}")
        click.echo(f"  try it: pip install -r {out}/requirements.txt && python {out}/app.py")
        if licence == "other":
            click.echo(
                "  README.md states no licence of the weights: give --licence, or write it there", err=True
            )

    needing("serve,onnx", "segdata package", work)
