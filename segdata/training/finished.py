"""Whether the run that lies there is what training now would give, so that days of work are not done twice.

.segdata/runs/voc-deeplabv3/last.json:  {…, "key": "5c1f…", "weights": "9a3b…"}    the run's key, and its file's digest
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch

from segdata.digests import file_digest, value_digest
from segdata.evaluation.run import WEIGHTS
from segdata.pipeline import Pipeline
from segdata.project import Project
from segdata.published_settings import differences, stated
from segdata.shards import ShardSet
from segdata.training.keep import code_digest
from segdata.training.start import find_weights

_OTHER = {
    "values": "other defaults of segdata",
    "shards": "other shards",
    "weights": "other weights to start from",
    "code": "other code of segdata",
}


class _Last(msgspec.Struct):
    key: str = ""
    weights: str = ""


def run_inputs(pipeline: Pipeline, shards: ShardSet, weights_digest: str | None) -> dict[str, Any]:
    """All that a run follows from: model and training section (as stated, and the digest of all their values, since a
    default may change), digests of shards, starting weights and code."""
    return {
        "values": value_digest([pipeline.model, pipeline.train]),
        "model": stated(pipeline.model),
        "train": stated(pipeline.train),
        "shards": shards.digest,
        "weights": weights_digest,
        "code": code_digest(pipeline.model.name),
        "torch": str(torch.__version__),
    }


def run_key(inputs: Mapping[str, Any]) -> str:
    """The digest of `run_inputs`."""
    return value_digest(inputs)


def what_differs(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """In what two `run_inputs` differ, in words: train.epochs 40 then, 60 now; other shards

    before  empty where an older segdata, which kept none, began the run
    """
    if not before:
        return "by an older segdata"
    told = []
    for name, then, value in differences(dict(before), dict(now)):
        told.append(_OTHER.get(name, f"{name} {then} then, {value} now"))
    if len(told) > 1:  # what differs in the values stands there key by key
        told = [one for one in told if one != _OTHER["values"]] or told
    return "; ".join(told)


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
    return noted == run_key(run_inputs(pipeline, ShardSet.open(project.shards_dir(name)), digest))
