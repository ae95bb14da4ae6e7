"""Score a run on one split of its shards, and write what a report needs.

data/evaluation/sample-via/
    metrics.json      {"split": "test", "samples": 10, "mean_iou": 0.71, "mean_iou_interval": [0.68, 0.74], …}
    scored.json       {"shards": "9f2c…", "weights": "5e1c…"}, what was scored (origin.py)
    per_class.csv     class,truth_pixels,predicted_pixels,iou,accuracy
    confusion.csv     truth,prediction,pixels
    per_photo.csv     id,pixel_accuracy,mean_iou,classes
    shown.csv         id,rank,why                       the photos a report should show
    predictions/      one palettised PNG per scored photo, at shard size; "/" in ids becomes "__"

Figures are at the size of the shards, or at `evaluate.size_hw` (scored.py): metrics.json says which. The PNGs lie over the
shards' photos: predictions of another size are brought to theirs, nearest by pixel centres, after they were scored.

That folder holds the pipeline's own split alone, as DVC tracks it; any other goes to data/scored/<name>-<split>/.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from segdata.atomic import replace_folder
from segdata.errors import ShardError, TrainingError
from segdata.evaluation.baselines import Baselines
from segdata.evaluation.confusion import ConfusionMatrix, Counts, per_photo_counts, void_id
from segdata.evaluation.device import choose_device
from segdata.evaluation.origin import ORIGIN, Origin
from segdata.evaluation.pixel_sums import PixelSums
from segdata.evaluation.predict import predict
from segdata.evaluation.protocols import ProtocolScore, score_all
from segdata.evaluation.run import Run, load_noted_run
from segdata.evaluation.scored import Scored, scored_photos
from segdata.evaluation.tables import (
    PhotoScore,
    check_prediction_names,
    choose_shown,
    number,
    save_predictions,
    write_tables,
)
from segdata.project import Project
from segdata.resample import resize_mask
from segdata.shards import ShardSet
from segdata.wording import counted


class BaselineScores(msgspec.Struct, frozen=True):
    """What a predictor that never looks at a photo reaches on the same split."""

    mean_iou: float | None
    pixel_accuracy: float | None


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """metrics.json. Shares of 1, rounded to 6 digits; None (null) where a figure is not defined.

    size_hw                      height and width at which photos and truth were scored, pixels
    mean_iou                     as the protocol mean-iou; so are the next three as those of their names. A last class
                                 called "void" is in none of them: with it count the protocols jaccard-20 and accuracy-20
    mean_iou_interval            95 % bootstrap interval over photos
    mean_iou_above_best_baseline mean_iou less that of the better baseline
    void_class                   the last class where it is called "void"
    absent_classes               neither in the truth nor predicted: in no mean
    shards_of_training           other: the model may have been trained on the photos that are scored
    protocols                    every protocol's figure; a list, which DVC leaves out of its table
    """

    split: str
    samples: int
    size_hw: tuple[int, int]
    mean_iou: float | None
    mean_iou_interval: tuple[float | None, float | None]
    pixel_accuracy: float | None
    mean_class_accuracy: float | None
    frequency_weighted_iou: float | None
    mean_iou_above_best_baseline: float | None
    absent_classes: tuple[str, ...]
    void_class: str | None
    baselines: dict[str, BaselineScores]
    shards_of_training: Literal["same", "other"]
    protocols: tuple[ProtocolScore, ...] = ()

    def by(self, protocol: str) -> ProtocolScore:
        """The figure of one protocol, by its name."""
        return next(one for one in self.protocols if one.protocol == protocol)


@dataclass(frozen=True)
class _Counted:
    matrix: ConfusionMatrix
    per_photo: Counts
    sums: PixelSums


def score_pipeline(project: Project, name: str, *, split: str | None, device: str | None) -> Scores:
    """See segdata.evaluation.evaluate_pipeline."""
    pipeline = project.pipeline(name)
    torch_device = choose_device(device, project.params().device)
    shards = ShardSet.open(project.shards_dir(name))
    scored_name = split or pipeline.evaluate.split
    train = shards.split("train")
    scored = scored_photos(project, name, shards, scored_name)
    run, digests = load_noted_run(project.run_dir(name), torch_device)
    origin = Origin(shards=shards.digest, weights=digests.weights)
    check_run(run, shards, project.run_dir(name))
    check_prediction_names(scored.ids)
    trained_here = run.record.shards == shards.digest
    if not trained_here:
        print(
            f"{name}: this model was trained on other shards than those that lie here now. Photos scored may have been "
            f"in its training split: unless only {scored_name} grew, train again (segdata train {name}).",
            file=sys.stderr,
            flush=True,
        )

    with replace_folder(project.scored_dir(name, scored_name)) as folder:
        void = void_id(shards.ontology)
        baselines = Baselines(train, len(shards.ontology), scored.size_hw, void)
        counted = _predict_all(run, scored, pipeline.evaluate.batch_size, baselines, folder / "predictions")
        photos = [
            PhotoScore.of(id, ConfusionMatrix(len(counts), counts, void))
            for id, counts in zip(scored.ids, counted.per_photo, strict=True)
        ]
        scores = _scores(
            scored_name, scored.size_hw, counted, baselines.matrices, shards.ontology.names, trained_here
        )
        write_tables(
            folder,
            shards.ontology,
            counted.matrix,
            photos,
            choose_shown(photos, pipeline.evaluate.shown),
        )
        content = msgspec.json.format(msgspec.json.encode(scores), indent=2) + b"\n"
        (folder / "metrics.json").write_bytes(content)
        (folder / ORIGIN).write_bytes(origin.encoded())
    return scores


def check_run(run: Run, shards: ShardSet, run_dir: Path) -> None:
    """Raise TrainingError for a run that was made for other classes than those of the shards."""
    if run.ontology.names != shards.ontology.names:
        raise TrainingError(
            str(run_dir),
            found=f"a model of {counted(len(run.ontology), 'class', 'classes')} ({', '.join(run.ontology.names[:4])}, …)",
            expected=f"the {counted(len(shards.ontology), 'class', 'classes')} of the shards ({', '.join(shards.ontology.names[:4])}, …)",
            fix="Train again.",
        )


def _predict_all(run: Run, scored: Scored, batch_size: int, baselines: Baselines, folder: Path) -> _Counted:
    num_classes, void = len(run.ontology), void_id(run.ontology)
    matrix, per_photo, sums = ConfusionMatrix(num_classes, void=void), [], []
    for start in range(0, len(scored.ids), batch_size):
        indices = range(start, min(start + batch_size, len(scored.ids)))
        images, truth = scored.read(indices)
        predicted = predict(run, images)
        baselines.update(truth)
        per_photo.append(per_photo_counts(truth, predicted, num_classes))
        for one, other in zip(truth, predicted, strict=True):
            sums.append(PixelSums.of(one, other, num_classes, void))
        fitting = np.stack([resize_mask(mask, scored.shards_hw) for mask in predicted])
        save_predictions(folder, [scored.ids[index] for index in indices], fitting, run.ontology)
    stacked = np.concatenate(per_photo)
    matrix.counts += stacked.sum(axis=0)
    return _Counted(matrix, stacked, PixelSums.stack(sums))


def _scores(
    split: str,
    size_hw: tuple[int, int],
    counted: _Counted,
    baselines: dict[str, ConfusionMatrix],
    names: tuple[str, ...],
    trained_here: bool,
) -> Scores:
    matrix = counted.matrix
    if matrix.pixels == 0:
        raise ShardError(
            f"split {split!r}", found="no pixel with a class: all are void", expected="something to score"
        )
    protocols = score_all(counted.sums)
    by = {one.protocol: one for one in protocols}
    above = matrix.mean_iou() - max(one.mean_iou() for one in baselines.values())
    return Scores(
        split=split,
        samples=len(counted.per_photo),
        size_hw=size_hw,
        mean_iou=by["mean-iou"].value,
        mean_iou_interval=by["mean-iou"].interval,
        pixel_accuracy=by["pixel-accuracy"].value,
        mean_class_accuracy=by["mean-class-accuracy"].value,
        frequency_weighted_iou=by["frequency-weighted-iou"].value,
        mean_iou_above_best_baseline=number(above),
        absent_classes=tuple(name for name, absent in zip(names, matrix.absent, strict=True) if absent),
        void_class=None if matrix.void is None else names[matrix.void],
        baselines={
            name: BaselineScores(number(one.mean_iou()), number(one.pixel_accuracy()))
            for name, one in baselines.items()
        },
        shards_of_training="same" if trained_here else "other",
        protocols=protocols,
    )
