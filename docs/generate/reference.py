"""The reference of the pipeline file, of params.yaml, and of the models' options, from the Structs that decode them."""

from __future__ import annotations

import importlib

import msgspec

import segdata.pipeline as pipeline
import segdata.project as params
import segdata.variants as variants
from generate.docstrings import clean, fence, lead, markdown, rest
from generate.structs import section
from segdata.formats import format_names
from segdata.models import model_names, options_type
from segdata.project import Project

Struct = type[msgspec.Struct]

SECTIONS: tuple[tuple[str, Struct], ...] = (
    ("source", pipeline.Source),
    ("source.splits, method official", pipeline.OfficialSplits),
    ("source.splits, method hash", pipeline.HashSplits),
    ("source.splits, method seeded", pipeline.SeededSplits),
    ("shards", pipeline.Shards),
    ("model", pipeline.Model),
    ("model.weights", pipeline.Weights),
    ("train", pipeline.Train),
    ("train.schedule", pipeline.Schedule),
    ("train.augment", pipeline.Augment),
    ("evaluate", pipeline.Evaluate),
    ("published", pipeline.Published),
    ("published.also", pipeline.Figure),
    ("data", pipeline.Data),
)
"""Heading and Struct of each section of the pipeline file, in the order of the file."""


def links() -> dict[type, str]:
    """Struct → the anchor of its section."""
    return {struct: f"#{_anchor(heading)}" for heading, struct in SECTIONS}


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
    formats = ", ".join(f"[`{name}`](../formats/{name}.md#options)" for name in format_names())
    models = ", ".join(f"[`{name}`](../models.md#{name})" for name in model_names())
    parts = [
        "# The pipeline file",
        "`pipelines/NAME.yaml` says all that makes one result. It is read strictly: an unknown key is an error that "
        "names the nearest valid one. `segdata inspect FOLDER` writes one to start from, `segdata pipelines --check` "
        "reads all that `params.yaml` names.",
        section(pipeline.Pipeline, links()),
    ]
    for heading, struct in SECTIONS:
        parts += [f"## {heading}", section(struct, links())]
        if struct is pipeline.Source:
            parts.append(f"The keys of `options` are the format’s own: {formats}.")
        if struct is pipeline.Model:
            parts.append(f"The keys of `options` are the model’s own: {models}.")
    variant = clean(variants.__doc__)
    parts += ["## Variants", markdown(lead(variant)), fence(rest(variant), "yaml")]
    parts.append("`segdata pipelines --show NAME` prints a variant with what its base says.")
    return "\n\n".join(parts) + "\n"


def _params() -> str:
    structs = (
        ("pipelines", params.PipelineEntry),
        ("sample", params.SampleParams),
        ("convert", params.ConvertParams),
        ("device", params.TrainParams),
    )
    known: dict[type, str] = {struct: f"#{heading}" for heading, struct in structs}
    parts = [
        "# params.yaml",
        "What this checkout builds, and how it works. None of it changes what comes out, but `sample`.",
    ]
    parts.append(section(params.Params, known))
    for heading, struct in structs:
        parts += [f"## {heading}", section(struct, known)]
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
