"""A proposal as the text of a pipeline file, with comments for the person who edits it next.

>>> print(render(proposal))                                    # doctest: +SKIP
# Started by `segdata inspect data/raw/mine` from via_region_data.json (VIA 2 annotations): 46 photos annotated.
title: mine
source:
  format: via
  …
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from segdata.inspection.classes import Classes
from segdata.inspection.propose import Proposal
from segdata.inspection.yaml_text import comment, flow, printable, scalar

MODEL = "mini_unet"
LONGEST_KEY = 120
"""YAML reads a longer text before a colon only when it is marked as a key; so do people."""


def render(proposal: Proposal) -> str:
    """The text of pipelines/<name>.yaml."""
    return "\n".join([*_head(proposal), *_source(proposal), *_rest(proposal)]) + "\n"


def _head(proposal: Proposal) -> Iterator[str]:
    yield from comment(f"Started by `segdata inspect {proposal.root}` from {proposal.survey.evidence}.")
    if proposal.checks:
        yield "# Check before you train:"
    for check in proposal.checks:
        first, *others = comment(check, width=104)
        yield f"# - {first.removeprefix('# ')}"
        yield from (f"#   {line.removeprefix('# ')}" for line in others)
    yield f"title: {scalar(proposal.name)}"


def _source(proposal: Proposal) -> Iterator[str]:
    survey, classes, reasons = proposal.survey, proposal.classes, proposal.reasons
    yield "source:"
    yield f"  format: {survey.format}"
    yield f"  root: {scalar(proposal.root)}"
    yield from _ontology(classes)
    yield from _label_map(classes)
    for key, value in (("unlabelled", classes.unlabelled), ("unannotated", "skip")):
        if key in reasons:
            yield from comment(reasons[key], 2)
            yield f"  {key}: {scalar(value)}"
    if "exif" in reasons:
        yield from comment(reasons["exif"], 2)
    yield from comment(reasons["splits"], 2)
    yield f"  splits: {flow(proposal.splits)}"
    yield from _options(survey.options, {key: list(values) for key, values in survey.choices.items()})


def _ontology(classes: Classes) -> Iterator[str]:
    if isinstance(classes.ontology, str):
        yield from comment(
            "The classes, built in; or list your own: a mapping of name to [red, green, blue].", 2
        )
        yield f"  ontology: {scalar(classes.ontology)}"
        return
    yield from comment(
        "The classes in the order of their ids, with the colour that overlays show: red, green, blue.", 2
    )
    yield "  ontology:"
    for name, color in classes.ontology.items():
        yield from _entry(name, flow(list(color)), "")


def _label_map(classes: Classes) -> Iterator[str]:
    if classes.label_map is None:
        yield from comment("No label_map: names and numbers of the annotation are the ontology's own.", 2)
        return
    yield from comment(
        "What the annotation says, and the class it becomes; several may become one. ignore: neither trained on nor scored.",
        2,
    )
    yield "  label_map:"
    for entry in classes.label_map:
        yield from _entry(entry.label, scalar(entry.class_name), entry.remark)


def _entry(key: object, value: str, remark: str) -> Iterator[str]:
    text = scalar(key)
    end = f"  # {printable(remark)}" if remark else ""
    if len(text) <= LONGEST_KEY:
        yield f"    {text}: {value}{end}"
    else:
        yield f"    ? {text}"
        yield f"    : {value}{end}"


def _options(options: Mapping[str, object], choices: Mapping[str, list[object]]) -> Iterator[str]:
    if not options and not choices:
        return
    if not options:
        for key, values in choices.items():
            yield from comment(f"options: {{{key}: …}} could be {flow(values)}", 2)
        return
    yield "  options:"
    for key, value in options.items():
        if choices.get(key):
            yield from comment(f"or one of {flow(choices[key])}", 4)
        yield f"    {scalar(key)}: {flow(value)}"
    for key in sorted(choices.keys() - options.keys()):
        yield from comment(f"{key}: could be {flow(choices[key])}", 4)


def _rest(proposal: Proposal) -> Iterator[str]:
    height, width = proposal.size_hw
    yield "shards:"
    yield from comment(proposal.reasons["size_hw"], 2)
    yield f"  size_hw: [{height}, {width}]"
    yield from comment(
        "A small network and few epochs, minutes on a CPU: a start, not the best that can be had."
    )
    yield f"model: {{name: {MODEL}, options: {{channels: [8, 16, 32, 64, 128]}}}}"
    yield "train:"
    yield f"  epochs: {proposal.epochs}"
    yield f"  batch_size: {proposal.batch_size}"
    yield "  optimizer: adamw"
    yield "  lr: 0.006"
    yield "  weight_decay: 1e-3"
    yield "  schedule: {name: one-cycle}"
    yield "  augment: {horizontal_flip: 0.5}  # 0 where left and right are classes of their own"
    yield "  normalise: train"
    yield "  select: mean_iou"
    yield f"evaluate: {{split: {proposal.evaluate_split}}}"
