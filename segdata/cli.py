"""The `segdata` command. Every command is one file of `segdata/commands/`, a thin shell over the library.

Exit codes: 0 done; photos that `convert` set aside are no reason to stop the road (`--strict`) · 1 done, with findings that matter
(`check`, `export`, `evaluate`, …) · 2 cannot go on (the message says file, place and what to do) · 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import click

import segdata
from segdata.errors import SegdataError

ROAD = (
    "sample",
    "inspect",
    "add",
    "remove",
    "merge",
    "group",
    "check",
    "convert",
    "verify",
    "repair",
    "show",
    "browse",
    "overfit",
    "train",
    "search",
    "evaluate",
    "analyse",
    "predict",
    "serve",
    "onnx",
    "package",
    "reproduce",
    "report",
    "export",
    "diff",
    "history",
    "pipelines",
    "doctor",
)
"""The commands in the order of the road, not of the alphabet."""


class _Commands(click.Group):
    """Prints errors for the person who made the file, without a traceback; lists each command's example."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except SegdataError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(2)
        except BrokenPipeError:  # segdata … | head: whoever listened has heard enough
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - else Python says so once more when it ends
            ctx.exit(141)
        except OSError as error:  # no permission, no space left, …: the message names the file
            click.echo(f"error: {error}", err=True)
            ctx.exit(2)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            ctx.exit(130)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands, in the order of the road"):
            formatter.write_dl(
                [(name, command.get_short_help_str(90)) for name, command in self.commands.items()]
            )
        with formatter.section("Examples"):
            examples = [(command.epilog or "").split("  ", 1) for command in self.commands.values()]
            formatter.write_dl([(example[0], example[-1].strip()) for example in examples])


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(segdata.__version__, prog_name="segdata")
@click.option(
    "--project", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Project folder."
)
@click.pass_context
def main(ctx: click.Context, project: Path | None) -> None:
    """From annotated photos to a trustworthy segmentation score.

    `dvc repro` runs the whole road; these commands are its steps, one by one.
    """
    ctx.obj = project


for _name in ROAD:
    main.add_command(import_module(f"segdata.commands.{_name}").command, _name)


if __name__ == "__main__":
    sys.exit(main())
