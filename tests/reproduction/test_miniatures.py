"""Every published pipeline runs from the report's raw layout to its table, as the same file at a reduced size."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="reproducing needs the extra 'train'")

from click.testing import CliRunner, Result

from segdata.cli import main
from segdata.project import Project
from segdata.shards import ShardSet
from tests.miniatures import draw_weights, miniature, published_names, values_of


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def with_weights(project: Project, name: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Drawn weights, and torchvision's name leading to them."""
    drawn = draw_weights(project, name)
    if drawn is not None:
        monkeypatch.setattr("segdata.training.start.url_of", lambda *_: f"https://example.org/{drawn.name}")
    return project


def segdata(project: Project, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.root), *arguments])


def figures_of(line: str, metric: str) -> tuple[str, ...]:
    """split, size, protocol, published and here of a row of the table."""
    return tuple(line.removeprefix(metric).split()[:5])


def of_the_page(html: str) -> list[str]:
    """The text of each figure of the card that holds published figures beside ours."""
    card = html.split("<h3>Published, and measured here</h3>", 1)[1].split("<details>", 1)[0]
    paragraphs = re.findall('<p class="small">(.*?)</p>', card, re.S)
    return [" ".join(unescape(re.sub("<[^>]*>", "", one)).split()) for one in paragraphs]


def test_the_published_pipelines_are_those_of_the_reports() -> None:
    assert published_names() == (
        "cityscapes-deeplabv3",
        "cityscapes-denseaspp",
        "cityscapes-denseaspp-convnext",
        "cityscapes-denseaspp-densenet201",
        "cityscapes-denseaspp-mobilenetv3",
        "cityscapes-denseaspp-row1",
        "cityscapes-denseaspp-row2",
        "cityscapes-denseaspp-row3",
        "cityscapes-denseaspp-row5",
        "unh-denseaspp",
        "unh-mininet",
        "unh-unet-mini",
        "unh-unet-mobilenetv2",
        "voc-deeplabv3",
        "voc-deeplabv3-pretrained",
    )


@pytest.mark.parametrize("name", published_names())
def test_a_miniature_runs_the_same_file_end_to_end(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values: dict[str, Any] = values_of(name)
    project = with_weights(miniature(tmp_path, name), name, monkeypatch)
    done = segdata(project, "reproduce", name)
    published = values["published"]
    lines = done.output.splitlines()
    header = next(index for index, line in enumerate(lines) if line.startswith("figure "))
    figures = [published, *published["also"]]
    pipeline = project.pipeline(name)
    shards_hw, scored_hw = pipeline.shards.size_hw, pipeline.evaluate.size_hw or pipeline.shards.size_hw
    assert (scored_hw != shards_hw) == (name == "unh-unet-mobilenetv2")
    for line, figure in zip(lines[header + 1 :], figures, strict=False):
        said = "-" if figure.get("value") is None else f"{figure['value']:.5f}"
        size = scored_hw if figure["split"] == values["evaluate"]["split"] else shards_hw
        found = figures_of(line, figure["metric"])
        assert found[:4] == (figure["split"], "{}x{}".format(*size), figure["protocol"], said)
    standard = lines[header + 1 + len(figures)]
    assert standard.startswith("standard ")
    own = figures_of(standard, "standard")[1] == "own"
    assert own == (published.get("at") == "photo")
    classes = project.pipeline(name).source.build_ontology().names
    explained = "; own: predictions enlarged to each photo's own size" if own else ""
    assert lines[header + len(figures) + 2] == (
        f"(standard: as is usually counted, whatever the report did{explained})"
    )
    beneath = lines[header + len(figures) + 5 :]
    end = beneath.index("")
    assert [line[: len(one)] for line, one in zip(beneath[:end], classes, strict=True)] == list(classes)
    assert beneath[end + 1] == "Departures from the report"
    page = project.root / f"data/reports/{name}/index.html"
    assert lines[-2:] == ["", f"report: {page}"]
    assert "<h1>segdata report</h1>" in page.read_text() and not project.report_dir().exists()
    stated = [(figure["metric"], "Published" if not n else "Also") for n, figure in enumerate(figures)]
    paragraphs = of_the_page(page.read_text())
    assert len(paragraphs) == len(figures) + 1
    for line, said, (metric, start) in zip(
        lines[header + 1 :],
        paragraphs,
        [*stated, ("standard", "Standard: as is usually counted")],
        strict=False,
    ):
        split, size, protocol, _, here = figures_of(line, metric)
        assert said.startswith(f"{start}"), said
        found = re.search(
            rf"(?:{re.escape(metric)}|as is usually counted,) on {split}; here (\d\.\d{{3}}) \[.*\. Counted at (.*)\. Protocol: ([^ ]+) \(",
            said,
        )
        assert found is not None, said
        assert abs(float(found[1]) - float(here)) <= 0.0006
        assert found[2] == ("each photo’s own size" if size == "own" else size.replace("x", " × "))
        assert found[3] == protocol
    told = " ".join(" ".join(beneath[end + 2 : -2]).split())
    assert told == " ".join(f"{key} {' '.join(why.split())}" for key, why in published["departures"].items())
    # a miniature is no check of the report, and nobody may take it for one
    start = f"OTHER SETTINGS than published, in pipelines/{name}.yaml or when the model was trained: "
    assert lines[header - 1].startswith(start) and "shards" in lines[header - 1].removeprefix(start)
    for line, figure in zip(lines[header + 1 :], figures, strict=False):
        assert line.endswith("  -" if figure.get("value") is None else "  other settings")
    assert done.exit_code == (0 if published["value"] is None else 1)
    listed = next(line for line in segdata(project, "pipelines").output.splitlines() if line.startswith(name))
    here = figures_of(lines[header + 1], published["metric"])[4]
    assert listed.split()[3:6] == ["yes", "yes", "yes"]
    said = "-" if published["value"] is None else f"{published['value']:.4f}"
    # the table shows what metrics.json has to five digits, the list to four
    assert listed.split()[7] == said
    assert abs(float(listed.split()[8]) - float(here)) <= 0.00006
    assert listed.endswith(f"{published['protocol']}, {published['split']}, other settings")
    if name == "unh-mininet":  # tried small, and the file put back
        shutil.copy(Path(__file__).parents[2] / f"pipelines/{name}.yaml", project.pipeline_path(name))
        listed = segdata(project, "pipelines").output
        assert ", other settings" in listed
        assert next(line for line in listed.splitlines() if line.startswith(name)).split()[5] == "changed"
        assert listed.endswith(
            "changed: made when the file said something else, or of other shards (segdata convert NAME, segdata train NAME)\n"
        )
        scored = segdata(project, "evaluate", name)
        differing = "train (batch_size 4 when it was trained, 8 in the file; epochs 1 when it was trained, 20 in the file)"
        assert f"said something else in {differing}: it is scored as it is" in scored.stderr
        assert "other settings than published" in scored.stdout
        assert differing in scored.stdout


def test_void_is_class_19_of_20_and_left_out_of_the_standard_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "cityscapes-denseaspp-row1"
    project = with_weights(miniature(tmp_path, name), name, monkeypatch)
    done = segdata(project, "reproduce", name)
    assert done.exit_code == 1
    mask = ShardSet.open(project.shards_dir(name)).split("val").mask_at(0)
    assert (mask[-4:] == 19).all()  # the bonnet: 8 of 64 rows, at 32 rows
    assert 255 not in np.unique(mask)
    metrics = json.loads((project.evaluation_dir(name) / "metrics.json").read_text())
    by = {one["protocol"]: one["value"] for one in metrics["protocols"]}
    assert by["jaccard-20"] != by["mean-iou"] == metrics["mean_iou"]
    assert by["accuracy-20"] != by["pixel-accuracy"] == metrics["pixel_accuracy"]
    assert metrics["void_class"] == "void"
    assert "void" not in metrics["absent_classes"]
    lines = done.output.splitlines()
    beneath = lines[lines.index("Departures from the report") - 22 :][:21]
    assert re.split("  +", beneath[0]) == ["class", "IoU, mean-iou", "IoU, jaccard-20", "accuracy"]
    for column, protocol in ((-3, "mean-iou"), (-2, "jaccard-20")):
        cells = [line.split()[column] for line in beneath[1:]]
        ious = [float(cell) for cell in cells if cell not in ("absent", "-")]
        assert sum(ious) / len(ious) == pytest.approx(by[protocol], abs=1e-5)
    (curves,) = [file for file in project.run_dir(name).iterdir() if file.suffix == ".csv"]
    epoch = dict(zip(*(line.split(",") for line in curves.read_text().splitlines()), strict=True))
    assert float(epoch["val_mean_iou"]) == pytest.approx(by["mean-iou"], abs=1e-6)


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    project = miniature(tmp_path, "unh-mininet")
    first = segdata(project, "reproduce", "unh-mininet").output
    again = segdata(project, "reproduce", "unh-mininet").output
    assert "epoch 1/1" in first
    assert "0 converted, 10 unchanged" in again
    assert "trained already" in again
    assert "epoch 1/1" not in again
    assert first.split("\n\n", 1)[1] == again.split("\n\n", 1)[1]
    path = project.pipeline_path("unh-mininet")
    path.write_text(path.read_text().replace("lr: 0.0005", "lr: 0.0006"))
    assert "epoch 1/1" in segdata(project, "reproduce", "unh-mininet").output
