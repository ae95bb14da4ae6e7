"""`segdata serve`: A trained model as a web page and an API on this machine."""

from __future__ import annotations

import click

from segdata.commands._shared import check_names, needing, project_of

EXAMPLES = 6


@click.command("serve", epilog="segdata serve mine --open  drop a photo into the browser, see its mask")
@click.argument("name")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="0.0.0.0 is for every machine that reaches this one.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=7860, show_default=True, help="0: any that is free."
)
@click.option("--open", "show", is_flag=True, help="Open the page in the browser.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Default: params.yaml.")
@click.pass_context
def command(ctx: click.Context, name: str, host: str, port: int, show: bool, device: str | None) -> None:
    """Serve a pipeline's trained model: a page to drop photos on, and an API (POST /predict; see /docs).

    Masks are those of segdata predict, as large as the photo. It answers to this machine alone unless --host says
    otherwise, and has no passwords: put a server that has some before it. Ctrl-C ends it; nothing of a photo is kept.
    """
    project = project_of(ctx)
    check_names(project, name)

    def work() -> None:
        from segdata.evaluation.device import choose_device, quiet_threads
        from segdata.web import listen, open_browser, run

        with listen(host, port) as listening:  # before the model is loaded: a busy port is said at once
            quiet_threads()
            from segdata.evaluation.predict import load_run
            from segdata.serving.api import build_app
            from segdata.serving.examples import write_examples
            from segdata.serving.known import about_of
            from segdata.serving.page import mount_page, own_folder
            from segdata.serving.service import Service
            from segdata.serving.torch_engine import TorchEngine
            from segdata.web import is_loopback

            about = about_of(project, name)
            trained = load_run(project.run_dir(name), choose_device(device, project.params().device))
            service = Service(TorchEngine(trained), about)

            def ready(url: str) -> None:
                click.echo(f"{name}: {about.line()}")
                if not is_loopback(host):
                    click.echo(f"WARNING: everybody who reaches {host} can use this model", err=True)
                click.echo(f"  page: {url}   API: {url}docs   Ctrl-C ends it")
                if show and not open_browser(url):
                    click.echo("  no browser to open it in here", err=True)

            with own_folder() as folder:
                app = build_app(service, host)
                mount_page(app, folder, write_examples(project, name, folder / "examples", EXAMPLES))
                run(app, listening, ready)

    needing("serve", "segdata serve", work)
