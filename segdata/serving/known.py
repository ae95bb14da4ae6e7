"""What is known of a pipeline's trained model, collected from its run, its shards and its scores."""

from __future__ import annotations

import sys

import msgspec

import segdata
from segdata.errors import DataError, ShardError
from segdata.evaluation.origin import standing_of
from segdata.evaluation.run import read_record
from segdata.evaluation.score import Scores
from segdata.export.dialect import dialect_of
from segdata.prediction.kept import weights_digest
from segdata.project import Project
from segdata.serving.model import About, Metric, Scored
from segdata.shards import ShardSet


def about_of(project: Project, name: str) -> About:
    """Raises TrainingError without a finished run, DataError for damaged scores."""
    pipeline, run_dir = project.pipeline(name), project.run_dir(name)
    record = read_record(run_dir)
    dialect = dialect_of(pipeline.source, f"pipelines/{name}.yaml")
    return About(
        name=name,
        title=pipeline.title,
        model=record.model,
        classes=record.classes,
        size_hw=record.size_hw,
        photo=pipeline.shards.photo,
        exact=pipeline.shards.exact,
        weights=weights_digest(run_dir),
        shards=record.shards,
        samples=_samples(project, name, record.shards),
        scored=_scored(project, name),
        attribute=dialect.attribute,
        names=dict(dialect.names),
        canvas=dialect.canvas,
        segdata=segdata.__version__,
    )


def _samples(project: Project, name: str, digest: str) -> dict[str, int]:
    """Photos per split of the set that was trained on, where it is the one that lies here."""
    try:
        shards = ShardSet.open(project.shards_dir(name))
    except ShardError:
        return {}
    if shards.digest != digest:
        return {}
    return {split: len(shards.split(split)) for split in shards.splits}


def _scored(project: Project, name: str) -> Scored | None:
    """The scores of these weights; None, and a line that says so, where those that lie here are of others."""
    path = project.evaluation_dir(name) / "metrics.json"
    if not path.is_file():
        return None
    known = standing_of(project, name, path.parent, shards=False)
    if known.state == "stale":
        _warn(f"{name}: its scores are left out. {known.why}")
        return None
    if known.state == "unknown":
        _warn(
            f"{name}: whether its scores are of these weights was not noted (segdata evaluate {name} notes it)"
        )
    try:
        scores = msgspec.json.decode(path.read_bytes(), type=Scores)
    except msgspec.MsgspecError as error:
        raise DataError(
            str(path), found=str(error), expected="scores by segdata", fix=f"Run segdata evaluate {name}."
        ) from error
    metrics = tuple(Metric(one.protocol, one.value, one.interval) for one in scores.protocols)
    same_data = scores.shards_of_training == "same"
    return Scored(scores.split, scores.samples, scores.size_hw, same_data, metrics)


def _warn(line: str) -> None:
    print(f"WARNING: {line}", file=sys.stderr, flush=True)
