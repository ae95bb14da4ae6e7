"""Gathers what the page says about one pipeline, from whatever parts of it are there.

A pipeline that was converted but not trained, or trained but not scored, still has a section; each missing part is
None here, and the page says what to run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from segdata.errors import DataError, ShardError
from segdata.evaluation.origin import Standing, standing_of
from segdata.findings import Finding
from segdata.ontology import Ontology
from segdata.pipeline import Pipeline
from segdata.project import Project
from segdata.report.comparison import Comparison, compare
from segdata.report.dataset import Dataset, describe_dataset
from segdata.report.figures import Line, Matrix, confusion_matrix, line_chart
from segdata.report.gallery import Gallery, fill_gallery
from segdata.report.inputs import (
    Check,
    ClassScore,
    Epoch,
    Evaluation,
    PhotoScore,
    Run,
    Shown,
    read_check,
    read_curves,
    read_evaluation,
    read_run,
)
from segdata.report.pictures import Pictures, paint, read_prediction
from segdata.shards import ShardSet
from segdata.shards.schema import MANIFEST

MAX_PHOTOS = 12
MAX_FINDINGS = 100
"""At most so many photos, and findings of one kind, stand in the page; the files hold the rest."""


@dataclass(frozen=True)
class ClassRow:
    """One line of the class table: colour, scores, and share of the scored pixels of the split."""

    score: ClassScore
    color: tuple[int, int, int]
    truth_share: float
    absent: bool


@dataclass(frozen=True)
class Training:
    """One run and its curves; `other_shards` when it was trained on another set than the one that lies here."""

    run: Run
    epochs: tuple[Epoch, ...]
    loss: Markup
    scores: Markup
    other_shards: bool


@dataclass(frozen=True)
class FindingGroup:
    """Findings of one code and severity: how many, and the first of them."""

    code: str
    severity: str
    count: int
    first: tuple[Finding, ...]


@dataclass(frozen=True)
class ShownPhoto:
    shown: Shown
    score: PhotoScore | None
    pictures: Pictures


@dataclass(frozen=True)
class Section:
    """One pipeline as the page shows it.

    stale      why its scores are left out, as they are of other shards or other weights; stale_of: of which of the two
    unsure     whether nobody noted which shards and weights its scores are of
    """

    name: str
    anchor: str
    pipeline: Pipeline
    pipeline_digest: str
    legend: tuple[tuple[str, tuple[int, int, int]], ...]
    dataset: Dataset | None
    training: Training | None
    evaluation: Evaluation | None
    comparison: Comparison | None
    classes: tuple[ClassRow, ...]
    matrix: Matrix | None
    photos: tuple[ShownPhoto, ...]
    gallery: Gallery | None
    check: Check | None
    findings: tuple[FindingGroup, ...]
    stale: str = ""
    stale_of: str = ""
    unsure: bool = False

    @property
    def started(self) -> bool:
        return bool(self.dataset or self.training or self.evaluation or self.stale)

    @property
    def set_aside(self) -> int:
        """How much the conversion could not use."""
        return sum(finding.action == "set aside" for finding in self.check.findings) if self.check else 0


def read_section(project: Project, name: str, most_thumbnails: int) -> Section:
    """Read everything that lies about a pipeline; its gallery holds so many photos at most.

    Scores and predictions of other shards, or of other weights, are left out: `stale` says why. Raises SegdataError when
    a part is damaged.
    """
    pipeline = project.pipeline(name)
    folder = project.shards_dir(name)
    shards = ShardSet.open(folder) if (folder / MANIFEST).is_file() else None
    ontology = shards.ontology if shards else pipeline.source.build_ontology()
    evaluation = read_evaluation(project.evaluation_dir(name))
    classes: tuple[ClassRow, ...] = ()
    photos: tuple[ShownPhoto, ...] = ()
    known = standing_of(project, name, evaluation.folder) if evaluation else Standing("current")
    stale, stale_of = known.why, known.of
    if stale:
        evaluation = None
    try:
        classes = _class_rows(evaluation, ontology) if evaluation else ()
        photos = _photos(evaluation, shards) if evaluation and shards else ()
    except (DataError, ShardError) as error:
        evaluation, classes = None, ()
        stale, stale_of = str(error).replace(f"{project.root}/", ""), "shards"
    check = read_check(project.check_path(name))
    training = _training(project.run_dir(name), shards.digest if shards else None)
    return Section(
        name=name,
        anchor="pipeline-" + re.sub(r"[^A-Za-z0-9_-]", "-", name),
        pipeline=pipeline,
        pipeline_digest=project.pipeline_digest(name),
        legend=tuple((label.name, label.color) for label in ontology.labels),
        dataset=describe_dataset(shards, check) if shards else None,
        training=training,
        evaluation=evaluation,
        comparison=compare(
            project, name, evaluation.metrics if evaluation else None, training.run if training else None
        ),
        classes=classes,
        matrix=confusion_matrix(evaluation.classes, evaluation.confusion) if evaluation else None,
        photos=photos,
        gallery=fill_gallery(shards, evaluation.photos if evaluation else {}, most_thumbnails)
        if shards
        else None,
        check=check,
        findings=_findings(check.findings) if check else (),
        stale=stale,
        stale_of=stale_of,
        unsure=evaluation is not None and known.state == "unknown",
    )


def _training(folder: Path, digest: str | None) -> Training | None:
    run = read_run(folder)
    if run is None:
        return None
    epochs = read_curves(folder)
    numbers = [row.epoch for row in epochs]
    losses = [
        Line("training", tuple(row.train_loss for row in epochs)),
        Line("validation", tuple(row.val_loss for row in epochs)),
    ]
    scores = [
        Line("mean IoU", tuple(row.val_mean_iou for row in epochs)),
        Line("pixel accuracy", tuple(row.val_pixel_accuracy for row in epochs)),
    ]
    return Training(
        run=run,
        epochs=epochs,
        loss=line_chart("Loss", numbers, losses, run.best_epoch, from_zero=False),
        scores=line_chart("Validation scores", numbers, scores, run.best_epoch),
        other_shards=digest is not None and digest != run.shards,
    )


def _class_rows(evaluation: Evaluation, ontology: Ontology) -> tuple[ClassRow, ...]:
    strangers = [score.name for score in evaluation.classes if score.name not in ontology.names]
    if strangers:
        raise DataError(
            str(evaluation.folder / "per_class.csv"),
            found=f"class {strangers[0]!r}",
            expected=f"the classes of the shard set: {', '.join(ontology.names)}",
            fix="Evaluate again: these scores belong to other shards.",
        )
    total = sum(score.truth_pixels for score in evaluation.classes)
    return tuple(
        ClassRow(
            score,
            ontology.palette[ontology.id_of(score.name)],
            score.truth_pixels / total if total else 0.0,
            score.name in evaluation.metrics.absent_classes or score.iou is None,
        )
        for score in evaluation.classes
    )


def _photos(evaluation: Evaluation, shards: ShardSet) -> tuple[ShownPhoto, ...]:
    split = shards.split(evaluation.metrics.split)
    index_of = {id: index for index, id in enumerate(split.ids)}
    colors = shards.ontology.color_table()
    photos = []
    for shown in evaluation.shown[:MAX_PHOTOS]:
        if shown.id not in index_of:
            raise DataError(
                str(evaluation.folder / "shown.csv"),
                found=f"id {shown.id!r}",
                expected=f"a photo of the {evaluation.metrics.split} split",
                fix="Evaluate again: these photos belong to other shards.",
            )
        index = index_of[shown.id]
        path = evaluation.prediction_path(shown.id)
        prediction = read_prediction(path, shards.size_hw, len(shards.ontology))
        pictures = paint(split.image_at(index), split.mask_at(index), prediction, colors)
        photos.append(ShownPhoto(shown, evaluation.photos.get(shown.id), pictures))
    return tuple(photos)


def _findings(findings: Sequence[Finding]) -> tuple[FindingGroup, ...]:
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda one: (one.file, one.place, one.message, one.action)):
        groups.setdefault((finding.severity, finding.code), []).append(finding)
    order = {"error": 0, "warning": 1, "note": 2}
    return tuple(
        FindingGroup(code, severity, len(group), tuple(group[:MAX_FINDINGS]))
        for (severity, code), group in sorted(
            groups.items(), key=lambda item: (order[item[0][0]], item[0][1])
        )
    )
