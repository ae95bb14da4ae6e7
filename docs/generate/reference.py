"""The reference of the pipeline file, of params.yaml, and of the models' options, from the Structs that decode them."""

from __future__ import annotations

import importlib
import typing

import msgspec

import segdata.pipeline as pipeline
import segdata.project as params
import segdata.variants as variants
from generate.docstrings import clean, fence, lead, markdown, rest
from generate.structs import section, structs_in
from segdata.formats import format_names
from segdata.models import model_names, options_type
from segdata.project import Project

Struct = type[msgspec.Struct]


def sections(root: Struct) -> list[tuple[str, Struct]]:
    """Heading and Struct of each section of a file, in the order of the file, as its types nest."""
    found: dict[Struct, str] = {}
    _walk(root, "", found)
    return [(heading, struct) for struct, heading in found.items()]


def _walk(struct: Struct, place: str, found: dict[Struct, str]) -> None:
    hints = typing.get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        key = f"{place}.{field.encode_name}".removeprefix(".")
        for inner in structs_in(hints[field.name]):
            if inner in found:
                continue
            config = inner.__struct_config__
            found[inner] = f"{key}, {config.tag_field} {config.tag}" if config.tag_field else key
            _walk(inner, key, found)


def links(root: Struct) -> dict[type, str]:
    """Struct → the anchor of its section."""
    return {struct: f"#{_anchor(heading)}" for heading, struct in sections(root)}


def _anchor(heading: str) -> str:
    return "".join(part for part in heading.lower().replace(" ", "-") if part.isalnum() or part in "-_")


def pages(project: Project) -> dict[str, str]:
    """reference/pipeline-file.md, reference/params.md and models.md."""
    return {
        "reference/pipeline-file.md": _pipeline_file(),
        "reference/params.md": _params(),
        "models.md": _models(),
    }


def _pipeline_file() -> str:
    known = links(pipeline.Pipeline)
    formats = ", ".join(f"[`{name}`](../formats/{name}.md#options)" for name in format_names())
    models = ", ".join(f"[`{name}`](../models.md#{name})" for name in model_names())
    parts = [
        "# The pipeline file",
        "`pipelines/NAME.yaml` says all that makes one result. It is read strictly: an unknown key is an error that "
        "names the nearest valid one. `segdata inspect FOLDER` writes one to start from, `segdata pipelines --check` "
        "reads all that `params.yaml` names.",
        section(pipeline.Pipeline, known),
    ]
    for heading, struct in sections(pipeline.Pipeline):
        parts += [f"## {heading}", section(struct, known)]
        if struct is pipeline.Source:
            parts.append(f"The keys of `options` are the format’s own: {formats}.")
        if struct is pipeline.Model:
            parts.append(f"The keys of `options` are the model’s own: {models}.")
    variant = clean(variants.__doc__)
    parts += ["## Variants", markdown(lead(variant)), fence(rest(variant), "yaml")]
    parts.append("`segdata pipelines --show NAME` prints a variant with what its base says.")
    return "\n\n".join(parts) + "\n"


def _params() -> str:
    parts = [
        "# params.yaml",
        "What this checkout builds, and how it works. None of it changes what comes out, but `sample`.",
        section(params.Params, links(params.Params)),
    ]
    for heading, struct in sections(params.Params):
        parts += [f"## {heading}", section(struct, links(params.Params))]
    return "\n\n".join(parts) + "\n"


def _models() -> str:
    parts = [
        "# Models",
        "`model.name` in a pipeline file is a file of `segdata/models/`, and `model.options` are its knobs. Every model "
        "takes photos of any size and gives a score for each class and pixel. Another one is one more file: "
        "[Add a model](how-to/add-a-model.md).",
    ]
    for name in model_names():
        options = options_type(name)
        module = importlib.import_module(options.__module__)
        parts += [f"## {name}", markdown(module.__doc__), section(options, {})]
    return "\n\n".join(parts) + "\n"
