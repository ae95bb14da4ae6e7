"""`segdata onnx`: A trained model as one ONNX file."""

from __future__ import annotations

from pathlib import Path

import click

from segdata.commands._shared import check_names, needing, project_of


@click.command(
    "onnx", epilog="segdata onnx mine --out mine.onnx  the model for ONNX Runtime, checked against torch"
)
@click.argument("name")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The .onnx file.")
@click.pass_context
def command(ctx: click.Context, name: str, out: Path) -> None:
    """Write a pipeline's trained model for ONNX Runtime, with classes, colours and normalisation inside.

    Photos go in as RGB of 0 to 255 (float32, N x 3 x H x W), logits come out; any number and size where the model allows.
    The file is compared with torch on random photos before it takes its name.
    """
    project = project_of(ctx)
    check_names(project, name)

    def work() -> None:
        from segdata.evaluation.device import quiet_threads

        quiet_threads()
        from segdata.evaluation.predict import load_run
        from segdata.prediction.onnx_file import write_onnx

        written = write_onnx(load_run(project.run_dir(name)), out)
        click.echo(f"{name}: {written.line()}: {out}")

    needing("onnx", "segdata onnx", work)
