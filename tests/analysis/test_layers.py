"""Layer removal: dropping blocks is the classifier without their columns, and scores are counted pixel by pixel."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from segdata.analysis.layers import (
    Pyramid,
    measure,
    predictions_of,
    pyramid_of,
    receptive_field,
    stacked,
    without,
)
from segdata.analysis.subject import Subject
from segdata.cli import main
from segdata.models import build_model
from tests.analysis.projects import CLASSES, DENSEASPP, MINI_UNET, MININET, NAME, make_project
from tests.projects import folder_bytes


def kept_columns(model: str, dropped: int) -> slice:
    """The columns of the classifier that stay. DenseASPP puts a block's channels in front, MiniNet behind."""
    return slice(4 * dropped, None) if model == "denseaspp" else slice(0, 54 + 5 * (2 - dropped))


@pytest.mark.parametrize(("model", "blocks"), [(DENSEASPP, 5), (MININET, 2)], ids=["denseaspp", "mininet"])
def test_a_dropped_block_is_a_classifier_without_its_columns(
    tmp_path: Path, model: tuple[str, dict[str, Any]], blocks: int
) -> None:
    subject = Subject.open(make_project(tmp_path, model), NAME, None, "cpu", None)
    network: Any = subject.run.network
    pyramid = pyramid_of(network)
    assert pyramid is not None and len(pyramid.blocks) == blocks
    found = predictions_of(subject, pyramid, 0)
    image = subject.normalised(0)
    classifier = (network.classification if model is DENSEASPP else network.head)[1]
    whole = classifier.weight.data.clone()
    logits = []
    for dropped, ids in enumerate(found):
        with without(network, pyramid.dropped(dropped)), torch.inference_mode():
            logits.append(network(image)[0])
        assert (ids == logits[-1].argmax(dim=0).numpy()).all()
        kept = kept_columns(model[0], dropped)
        classifier.weight.data = torch.zeros_like(whole)
        classifier.weight.data[:, kept] = whole[:, kept]
        with torch.inference_mode():
            assert torch.allclose(network(image)[0], logits[-1], atol=1e-6)
        classifier.weight.data = whole
    assert len(found) == blocks + 1
    for one, next_one in itertools.pairwise(logits):  # no block gives nothing as it is
        assert not torch.allclose(one, next_one, atol=1e-5)


def test_scores_are_those_of_counting_pixel_by_pixel(tmp_path: Path) -> None:
    subject = Subject.open(make_project(tmp_path, MININET), NAME, None, "cpu", None)
    found = measure(subject)
    assert len(found.matrices) == 3
    for dropped, matrix in enumerate(found.matrices):
        for label in range(len(CLASSES)):
            both = either = 0
            for index in range(len(subject.split)):
                truth = subject.split.mask_at(index)
                predicted = found.predictions(index)[dropped]
                known = truth != 255
                both += int(((truth == label) & (predicted == label) & known).sum())
                either += int((((truth == label) | (predicted == label)) & known).sum())
            iou = matrix.per_class_iou()[label]
            assert iou == pytest.approx(both / either) if either else iou != iou


def test_receptive_fields_are_the_formulas_of_the_report() -> None:
    assert [receptive_field(dilation) for dilation in (1, 3, 6, 12, 18, 24)] == [3, 7, 13, 25, 37, 49]
    assert (stacked([7, 13]), stacked([7, 13, 25, 37, 49]), stacked([])) == (19, 127, 1)
    pyramid = pyramid_of(build_model("denseaspp", 3, {}))
    assert isinstance(pyramid, Pyramid)
    assert ([block.name for block in pyramid.dropped(2)], pyramid.stride) == (["ASPP_24", "ASPP_18"], 8)
    assert [block.dilation for block in pyramid.left_after(2)] == [3, 6, 12]
    assert pyramid.left_after(5) == ()


def test_six_blocks_lose_five_at_most() -> None:
    pyramid = pyramid_of(build_model("denseaspp", 3, {"dilations": [3, 6, 9, 12, 18, 24]}))
    assert pyramid is not None
    assert [block.dilation for block in pyramid.left_after(5)] == [3]


def test_the_command_writes_a_page_and_tables_that_repeat(tmp_path: Path) -> None:
    project = make_project(tmp_path, MININET)
    arguments = [
        "--project",
        str(project.root),
        "analyse",
        "layers",
        NAME,
        "--photos",
        "1",
        "--split",
        "train",
    ]
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, done.output) == (0, f"page: data/analysis/{NAME}/layers/index.html\n"), (
        done.output
    )
    folder = project.root / "data/analysis" / NAME / "layers"
    first = folder_bytes(folder)
    assert set(first) == {"index.html", "layers.json", "layers.csv"}
    numbers = json.loads((folder / "layers.json").read_text())
    assert numbers["split"] == "train" and numbers["photos"] == 2
    assert [step["dropped"] for step in numbers["steps"]] == [[], ["aspp_6"], ["aspp_6", "aspp_3"]]
    assert [step["cells_seen"] for step in numbers["steps"]] == [19, 7, 1]
    with (folder / "layers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["dropped"], row["block"], row["dilation"]) for row in rows[::4]] == [
        ("0", "", ""),
        ("1", "aspp_6", "6"),
        ("2", "aspp_3", "3"),
    ]
    assert float(rows[0]["iou"]) == numbers["steps"][0]["per_class_iou"]["wall"]
    html = (folder / "index.html").read_text()
    assert html.count("data:image/jpeg") == 2 + 3
    assert "19 cells, 38 px" in html
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert folder_bytes(folder) == first


def test_void_is_left_out_and_not_absent(tmp_path: Path) -> None:
    project = make_project(tmp_path, MININET, classes=("wall", "door", "floor", "void"))
    arguments = [
        "--project",
        str(project.root),
        "analyse",
        "layers",
        NAME,
        "--photos",
        "1",
        "--split",
        "train",
    ]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    html = (project.root / "data/analysis" / NAME / "layers/index.html").read_text()
    assert html.count(">left out<") == 3  # once with all blocks, and for each that is dropped
    assert ">absent<" not in html
    assert "Absent from" not in html


def test_another_model_has_no_blocks_to_leave_out(tmp_path: Path) -> None:
    project = make_project(tmp_path, MINI_UNET)
    done = CliRunner().invoke(main, ["--project", str(project.root), "analyse", "layers", NAME])
    assert done.exit_code == 2
    assert done.output == (
        f"error: pipelines/{NAME}.yaml: model.name: found 'mini_unet'; expected a DenseASPP (denseaspp or mininet): no"
        " other model here has blocks that can be left out\n"
    )
