"""Whether the run that lies there is what training now would give, so that days of work are not done twice.

.segdata/runs/voc-deeplabv3/last.json:  {…, "key": "5c1f…", "weights": "9a3b…"}    the run's key, and its file's digest
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import torch

from segdata.digests import file_digest, value_digest
from segdata.evaluation.run import WEIGHTS
from segdata.pipeline import Pipeline
from segdata.project import Project
from segdata.shards import ShardSet
from segdata.training.keep import code_digest
from segdata.training.start import find_weights


class _Last(msgspec.Struct):
    key: str = ""
    weights: str = ""


def run_key(pipeline: Pipeline, shards: ShardSet, weights_digest: str | None) -> str:
    """The digest of all that a run follows from: model, training section, shards, starting weights and code."""
    code = [code_digest(pipeline.model.name), str(torch.__version__)]
    return value_digest([pipeline.model, pipeline.train, shards.digest, weights_digest, code])


def noted_key(project: Project, name: str) -> str | None:
    """The key that the run in data/runs/<name>/ was trained with here; None where it was not, or changed since."""
    written = project.run_dir(name) / WEIGHTS
    last = Path(project.root, ".segdata", "runs", name, "last.json")
    try:
        noted = msgspec.json.decode(last.read_bytes(), type=_Last)
    except (OSError, msgspec.MsgspecError):
        return None
    same = written.is_file() and noted.weights == file_digest(written)
    return noted.key if same and noted.key else None


def is_finished(project: Project, name: str) -> bool:
    """Whether data/runs/<name>/ was trained here with the key that a run would have now, and not changed since."""
    noted = noted_key(project, name)
    if noted is None:
        return False
    pipeline = project.pipeline(name)
    weights = pipeline.model.weights
    digest = None
    if weights is not None:
        digest = file_digest(find_weights(project, weights, f"pipelines/{name}.yaml"))
    return noted == run_key(pipeline, ShardSet.open(project.shards_dir(name)), digest)
