"""The table at the end, read by eye, and the standard figure at the photos' own size."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from pathlib import Path

import pytest
import yaml

pytest.importorskip("torch", reason="reproducing needs the extra 'train'")

from segdata.evaluation.protocols import check_protocol
from segdata.models import decode_options
from segdata.project import Project
from segdata.published_settings import settings_of
from segdata.reproduction import reproduce
from segdata.reproduction.comparison import ClassRow, Comparison, Row
from tests.miniatures import SCENE_HW, miniature, published_names
from tests.projects import REPOSITORY


def test_the_table_reads_to_the_digit() -> None:
    rows = (
        Row("mean IoU with void", "val", "768x1024", "jaccard-20", 0.61614, 0.60123, (0.59, 0.612), 0.02),
        Row("pixel accuracy", "val", "768x1024", "pixel-accuracy", 0.9084, 0.87, (0.86, 0.88), 0.02),
        Row("dice", "val", "768x1024", "macro-dice", None, 0.5, (0.4, 0.6), 0.02),
        Row("standard", "val", "own", "mean-iou", None, None, (None, None), 0.02),
    )
    classes = (ClassRow("road", 0.97, 0.97, 0.98), ClassRow("train", nan, nan, nan))
    assert Comparison("cityscapes-deeplabv3", "report 004", 500, rows, classes).lines() == [
        "cityscapes-deeplabv3: report 004, scored on 500 photos",
        "figure              split  height x width  protocol        published  here     95 % interval      difference  verdict",
        "mean IoU with void  val    768x1024        jaccard-20      0.61614    0.60123  0.59000 … 0.61200  -0.01491    within ±0.02",
        "pixel accuracy      val    768x1024        pixel-accuracy  0.90840    0.87000  0.86000 … 0.88000  -0.03840    outside ±0.02",
        "dice                val    768x1024        macro-dice      -          0.50000  0.40000 … 0.60000  -           -",
        "standard            val    own             mean-iou        -          -        - … -              -           -",
        "(standard: as is usually counted, whatever the report did; own: predictions enlarged to each photo's own size)",
        "",
        "class  IoU, mean-iou  accuracy",
        "road   0.97000        0.98000",
        "train  absent         absent",
    ]
    with_void = (ClassRow("road", 0.97, 0.96, 0.98), classes[1], ClassRow("void", nan, 0.5, nan))
    assert Comparison("x", "report 004", 500, rows, with_void).lines()[-4:] == [
        "class  IoU, mean-iou  IoU, jaccard-20  accuracy",
        "road   0.97000        0.96000          0.98000",
        "train  absent         absent           absent",
        "void   -              0.50000          -",
    ]
    assert [row.within for row in rows] == [True, False, None, None]


def test_with_other_settings_there_is_no_verdict_and_departures_stand_beneath() -> None:
    row = Row("accuracy", "test", "32x48", "onehot-accuracy", 0.5398, 0.54, (0.5, 0.6), 0.08, False)
    assert row.cells()[-2:] == ("+0.00020", "other settings")
    departures = {"split": "Its seed is not stated. " * 6, "rate": "1e-4 is taken."}
    told = Comparison("x", "report 000", 8, (row,), (), ("shards", "train"), departures)
    assert told.agrees is False
    lines = told.lines()
    assert lines[1] == (
        "OTHER SETTINGS than published, in pipelines/x.yaml or when the model was trained: shards, train; its figures "
        "are no check of the report's. The departures beneath are those of the published settings"
    )
    assert lines[-5:] == [
        "",
        "Departures from the report",
        "  split  Its seed is not stated. Its seed is not stated. Its seed is not stated. Its seed is not stated. Its seed is",
        "         not stated. Its seed is not stated.",
        "  rate   1e-4 is taken.",
    ]
    as_published = replace(row, as_published=True)
    assert Comparison("x", "report 000", 8, (as_published,), ()).agrees is True
    curves = replace(row, published=None)
    assert Comparison("x", "report 000", 8, (curves,), (), ("train",)).agrees is None


def test_settings_as_published_are_judged_by_the_tolerance(tmp_path: Path) -> None:
    name = "unh-mininet"
    project = miniature(tmp_path, name)
    path = project.pipeline_path(name)
    values = yaml.safe_load(path.read_text())
    values["published"] |= {"settings": settings_of(project.pipeline(name)), "tolerance": 1.0}
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    comparison = reproduce(project, name)
    assert (comparison.other, comparison.agrees) == ((), True)
    assert comparison.rows[0].cells()[-1] == "within ±1"
    values["published"]["tolerance"] = 0
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    assert reproduce(project, name).agrees is False
    values["published"]["tolerance"] = 1.0
    values["train"]["epochs"] = 2
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    comparison = reproduce(project, name)
    assert (comparison.other, comparison.agrees) == (("train",), False)
    assert comparison.rows[0].within is True


def test_at_the_size_of_the_photos_both_standard_figures_are_one(tmp_path: Path) -> None:
    name = "unh-mininet"
    project = miniature(tmp_path, name)
    path = project.pipeline_path(name)
    values = yaml.safe_load(path.read_text())
    values["shards"]["size_hw"] = list(SCENE_HW)
    values["published"] |= {"at": "photo", "standard": "mean-iou"}
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    rows = {(row.metric, row.split): row for row in reproduce(project, name).rows}
    at_shards, at_photos = rows["mean IoU", "test"], rows["standard", "test"]
    assert (at_photos.protocol, at_photos.size, at_shards.size) == ("mean-iou", "own", "96x128")
    assert at_photos.here == at_shards.here is not None
    assert at_photos.interval == at_shards.interval


@pytest.mark.parametrize("name", published_names())
def test_every_protocol_and_model_option_that_a_file_names_exists(name: str) -> None:
    pipeline = Project(REPOSITORY).pipeline(name)
    assert pipeline.published is not None
    for protocol in (
        pipeline.published.standard,
        *(figure.protocol for figure in pipeline.published.figures),
    ):
        check_protocol(protocol, name)
    decode_options(pipeline.model.name, pipeline.model.options)


def test_a_figure_of_another_kind_has_its_own_tolerance() -> None:
    published = Project(REPOSITORY).pipeline("cityscapes-deeplabv3").published
    assert published is not None
    assert {one.protocol: one.tolerance for one in published.figures} == {
        "jaccard-20": 0.02,
        "accuracy-20": 0.01,
        "pixel-accuracy": 0.02,  # as the main one, where none is stated
        "mean-iou": 0.02,
    }
    row = Row("pixel accuracy", "val", "768x1024", "accuracy-20", 0.9084, 0.894, (0.89, 0.9), 0.01)
    assert row.cells()[-2:] == ("-0.01440", "outside ±0.01")
