"""The `source` section of a pipeline file that reads an export back to the masks that were written.

source:
  format: via
  root: data/raw/mine-via
  ontology: {road: [128, 64, 128], car: [0, 0, 142]}
  label_map: {road: road, car: car, ignore: ignore}
  splits: {method: official}
  exif: as-shown
  options: {annotations: {train: via_train.json, val: via_val.json}, class_attribute: class}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from segdata.errors import ConfigError
from segdata.ontology import Ontology, load_ontology


def section(
    to: str, root: str, ontology: Ontology, own: Mapping[str, object], *, official: bool
) -> dict[str, object]:
    """The keys common to all formats around the format's own, as plain values."""
    splits: dict[str, object] = {"method": "official"}
    if not official:
        splits = {"method": "hash", "shares": {"train": 0.7, "val": 0.15, "test": 0.15}}
    common = {"format": to, "root": root, "ontology": _classes(ontology)}
    return {**common, **own, "splits": splits, "exif": "as-shown"}


def _classes(ontology: Ontology) -> str | dict[str, list[int]]:
    """The name of a built-in ontology, or name → colour in id order."""
    try:
        if load_ontology(ontology.name) == ontology:
            return ontology.name
    except ConfigError:
        pass
    return {label.name: list(label.color) for label in ontology.labels}


class _Dumper(yaml.SafeDumper):
    """Names that a reader of YAML might take for a number are quoted."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "'" if re.match(r"[-+.\d]", text) and text.isprintable() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def write_section(path: Path, source: Mapping[str, object], notes: list[str]) -> None:
    """Write source.yaml: a comment that says what it is for, the notes, and the section."""
    opening = [
        "The source section of a pipeline file that reads this folder back: put it in place of the `source` of a pipelines/<name>.yaml."
    ]
    comment = "".join(f"# {line}\n" for line in [*opening, *notes])
    text = yaml.dump(
        {"source": dict(source)},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=10_000,
    )
    path.write_text(comment + text, encoding="utf-8")
