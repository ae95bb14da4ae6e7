"""The page of commands, from click itself: `segdata …`, and the flows that have a command line of their own."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import click

import flows
import segdata.cli
from generate.docstrings import cell, code, fence, lead, markdown, rest, table
from segdata.project import Project

KINDS = {
    "integer": "whole number",
    "integer range": "whole number",
    "float": "number",
    "float range": "number",
    "text": "text",
    "path": "path",
    "directory": "folder",
    "file": "file",
}
DEFAULTS_SAID = ("Default:", "[default:")


def pages(project: Project) -> dict[str, str]:
    """reference/commands.md."""
    parts = [
        "# Commands",
        "Each command says what it needs when that is missing. `segdata COMMAND --help` prints what stands here.",
        fence(
            segdata.cli.main.get_usage(_context(segdata.cli.main, "segdata")).removeprefix("Usage: "),
            "console",
        ),
        _options(segdata.cli.main),
        "## Exit codes",
        table(("code", "meaning"), [tuple(row) for row in exit_codes()]),
        "## In the order of the road",
        table(
            ("command", "what it does"),
            [
                (f"[`{name}`](#segdata-{name})", cell(one.get_short_help_str(200)))
                for name, one in _commands()
            ],
        ),
    ]
    for name, command in _commands():
        parts += _command(f"segdata {name}", command)
    parts += [
        "## Flows",
        "With a command line of their own, as DVC or a scheduler runs them. They need the extra `flows`.",
    ]
    for name, command in _flows():
        parts += _command(f"python -m flows.{name}", command)
    return {"reference/commands.md": "\n\n".join(part for part in parts if part) + "\n"}


def exit_codes() -> list[list[str]]:
    """Code and meaning, from the sentence in segdata/cli.py."""
    sentence = rest(segdata.cli.__doc__).replace("\n", " ").removeprefix("Exit codes: ")
    said = [one.strip().partition(" ") for one in sentence.rstrip(".").split("·")]
    assert [code for code, _, _ in said][:1] == ["0"], sentence
    return [[code(number), cell(meaning)] for number, _, meaning in said]


def _commands() -> Iterator[tuple[str, click.Command]]:
    yield from segdata.cli.main.commands.items()


def _flows() -> Iterator[tuple[str, click.Command]]:
    for found in pkgutil.iter_modules(flows.__path__):
        module = importlib.import_module(f"flows.{found.name}")
        if isinstance(main := getattr(module, "main", None), click.Command):
            yield found.name, main


def _command(name: str, command: click.Command) -> list[str]:
    usage = " ".join(command.get_usage(_context(command, name)).removeprefix("Usage: ").split())
    help_text = inspect.cleandoc(command.help or "")
    example = (command.epilog or "").split("  ", 1)
    parts = [
        f"### {name}",
        f"**{cell(lead(help_text))}**",
        fence(usage, "console"),
        markdown(rest(help_text)),
        _options(command),
    ]
    if example[0]:
        said = example[1].strip() if len(example) > 1 else ""
        parts.append(f"Example{': ' + cell(said) if said else ''}")
        parts.append(fence(example[0], "console"))
    return parts


def _context(command: click.Command, name: str) -> click.Context:
    return click.Context(command, info_name=name, max_content_width=1000, terminal_width=1000)


def _options(command: click.Command) -> str:
    context = _context(command, "")
    rows = []
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            names = " ".join(code(one) for one in (*parameter.opts, *parameter.secondary_opts))
            help_text = parameter.help or ""
            if parameter.required:
                help_text += " *Required.*"
            elif (default := _default(parameter, context)) and not any(
                one in help_text for one in DEFAULTS_SAID
            ):
                help_text += f" Default: {default}."
            if parameter.multiple:
                help_text += " May be given several times."
            rows.append((names, _value(parameter, context), cell(help_text)))
    return table(("option", "value", "meaning"), rows)


def _value(option: click.Option, context: click.Context) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return " \\| ".join(code(choice) for choice in option.type.choices)
    if option.metavar is None and option.type.name in KINDS:
        return KINDS[option.type.name]
    return code(option.make_metavar(context))


def _default(option: click.Option, context: click.Context) -> str:
    default = option.get_default(context, call=False)
    if option.is_flag or default is None or default == () or callable(default) or not str(default).strip():
        return ""
    return "" if "Sentinel" in str(type(default)) or "UNSET" in repr(default) else f"`{default}`"
