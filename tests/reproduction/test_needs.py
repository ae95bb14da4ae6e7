"""What a person is told who has no data, no weights, or asks for a pipeline that nobody published."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.error import URLError

import pytest

pytest.importorskip("torch", reason="reproducing needs the extra 'train'")

from click.testing import CliRunner

from segdata.cli import main
from segdata.project import Project
from segdata.reproduction.experiment import why_not
from tests.miniatures import miniature, write_voc
from tests.projects import REPOSITORY, sample_project


def said(root: Path, *arguments: str) -> str:
    done = CliRunner().invoke(main, ["--project", str(root), *arguments])
    assert done.exit_code == 2, done.output
    return done.output


def test_without_data_it_says_what_to_put_where(tmp_path: Path) -> None:
    project = miniature(tmp_path, "voc-deeplabv3")
    raw = project.root / "data/raw/VOC2012"
    shutil.rmtree(raw)
    assert said(tmp_path, "reproduce", "voc-deeplabv3").splitlines() == [
        "error: data/raw/VOC2012: found no such folder; expected PASCAL VOC 2012, segmentation, 1,464 photos for "
        "training and 1,449 for validation. To reproduce it:",
        "  where    http://host.robots.ox.ac.uk/pascal/VOC/voc2012/ (VOCtrainval_11-May-2012.tar; its folder "
        "VOCdevkit/VOC2012)",
        "  licence  photos from flickr, under flickr's terms of use; for research",
        "  put      data/raw/VOC2012/JPEGImages/              2007_000032.jpg, …",
        "  put      data/raw/VOC2012/SegmentationClass/       2007_000032.png, palettised, 255 is border",
        "  put      data/raw/VOC2012/ImageSets/Segmentation/  train.txt and val.txt, one id per line",
        "  counts   6 train, 2 val",
    ]
    write_voc(raw)
    shutil.rmtree(raw / "SegmentationClass")
    assert "data/raw/VOC2012: found nothing at SegmentationClass/; expected PASCAL" in said(
        tmp_path, "reproduce", "voc-deeplabv3"
    )


def test_other_counts_stop_it_with_both_numbers(tmp_path: Path) -> None:
    project = miniature(tmp_path, "voc-deeplabv3")
    lists = project.root / "data/raw/VOC2012/ImageSets/Segmentation"
    (lists / "val.txt").write_text("2026_000007\n")
    assert "found {'train': 6, 'val': 1}; expected {'train': 6, 'val': 2}" in said(
        tmp_path, "reproduce", "voc-deeplabv3"
    )


def test_without_a_network_it_says_which_file_to_put_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr("torch.hub.download_url_to_file", offline)
    miniature(tmp_path, "voc-deeplabv3-pretrained")
    assert said(tmp_path, "reproduce", "voc-deeplabv3-pretrained").splitlines() == [
        "error: data/weights/deeplabv3_resnet50_coco-cd0a2569.pth: found no such file, and no way to fetch it "
        "(<urlopen error no route to host>); expected the weights to start from. Fetch "
        "https://download.pytorch.org/models/deeplabv3_resnet50_coco-cd0a2569.pth where there is a network, and put "
        "it there under that name."
    ]
    assert not (tmp_path / "data/shards").exists()


def test_the_authors_checkpoint_is_asked_for_by_name(tmp_path: Path) -> None:
    miniature(tmp_path, "unh-denseaspp")
    assert said(tmp_path, "reproduce", "unh-denseaspp").startswith(
        "error: data/weights/denseaspp121-cityscapes.pth: found no such file; expected the weights that "
        "pipelines/unh-denseaspp.yaml starts from."
    )


def test_a_pipeline_without_a_published_figure_is_named(tmp_path: Path) -> None:
    sample_project(tmp_path, "via", num_scenes=4)
    assert (
        "pipelines/via.yaml: found no section 'published'; expected one of those that have it: none here"
        in said(tmp_path, "reproduce", "via")
    )


def test_a_variant_written_whole_is_a_pipeline_for_dvc(tmp_path: Path) -> None:
    pytest.importorskip("dvc")
    names = ("cityscapes-denseaspp", "cityscapes-denseaspp-row1")
    (tmp_path / "params.yaml").write_text("pipelines: {}\n")
    for folder in ("pipelines", ".dvc", ".git"):
        (tmp_path / folder).mkdir()
    for name in names:
        (tmp_path / f"pipelines/{name}.yaml").write_bytes(
            (REPOSITORY / f"pipelines/{name}.yaml").read_bytes()
        )
    project = Project(tmp_path)
    assert why_not(project, names[0]) is None
    reason = why_not(project, names[1])
    assert reason is not None
    assert reason.endswith(
        "segdata pipelines --show cityscapes-denseaspp-row1 > pipelines/cityscapes-denseaspp-row1-full.yaml makes it one"
    )
    full = tmp_path / "pipelines/row1-full.yaml"
    full.touch()  # as a shell does before the command runs
    shown = CliRunner().invoke(main, ["--project", str(tmp_path), "pipelines", "--show", names[1]])
    full.write_text(shown.output)
    assert why_not(project, "row1-full") is None
    assert project.pipeline("row1-full") == project.pipeline(names[1])
