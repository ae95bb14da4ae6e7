"""The file of the project that a model starts from: there, and of the digest that the pipeline file states.

    model: {weights: data/weights/mine.safetensors}
    model: {weights: {file: data/weights/denseaspp121.pth, sha256: 9f2c…}}

Looked for where a person can still put it right, before hours of conversion: no torch is needed to tell that it is absent.
"""

from __future__ import annotations

import os
from pathlib import Path

from segdata.digests import file_digest
from segdata.errors import ConfigError, DataError
from segdata.pipeline import Weights
from segdata.project import Project

FOLDER = "data/weights"


def check_weights_file(project: Project, name: str) -> None:
    """Raise DataError when the weights of a pipeline are a file that is absent or of another digest than stated, ConfigError
    for one outside the project. Weights by name are fetched when training starts: of them nothing is asked here."""
    weights, where = project.pipeline(name).model.weights, f"pipelines/{name}.yaml"
    if isinstance(weights, str) or (weights is not None and weights.file is not None):
        weights_file(project, weights, where)


def weights_file(project: Project, weights: str | Weights, where: str) -> Path:
    """The file of weights that are one. Raises as check_weights_file does.

    where  the pipeline file, for messages
    """
    name = weights if isinstance(weights, str) else weights.file
    assert name is not None
    path = inside(project, name, where)
    if not path.is_file():
        raise DataError(
            name,
            found="no such file",
            expected=f"the weights that {where} starts from",
            fix=f"Put them there ({_origin(weights)}), or set model.weights in {where} to null.",
        )
    if isinstance(weights, Weights):
        check_digest(path, name, weights, where)
    return path


def _origin(weights: str | Weights) -> str:
    remote = "dvc pull, where they are on a remote"
    return f"{weights.where}; {remote}" if isinstance(weights, Weights) and weights.where else remote


def check_digest(path: Path, name: str, weights: Weights, where: str) -> None:
    """Raise DataError for a file of another SHA-256 than `weights.sha256`, where that is stated."""
    if weights.sha256 is not None and (actual := file_digest(path)) != weights.sha256:
        raise DataError(name, found=f"SHA-256 {actual}", expected=f"{weights.sha256}, as {where} says")


def inside(project: Project, name: str, where: str) -> Path:
    """A file of the project by its path. Raises ConfigError for one that leads out of it."""
    if not Path(os.path.normpath(project.root / name)).is_relative_to(project.root):
        raise ConfigError(
            where,
            place="model.weights",
            found=repr(name),
            expected="a path inside the project",
            fix=f"Put the file below {FOLDER}/, and name it so.",
        )
    return project.root / name
