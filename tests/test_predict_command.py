"""`segdata predict` and `segdata onnx`: what they print and refuse; predictions open in VIA's form with the same masks."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner, Result

pytest.importorskip("torch", reason="prediction needs the extra 'train'")

from PIL import Image

from segdata.cli import main
from segdata.prediction.how import How
from segdata.prediction.masks import predict_mask
from segdata.project import Project
from tests.export.round_trip import read_back
from tests.prediction.colours import noise, photo_of
from tests.prediction.projects import SIZE_HW, make_project, run_in, write_shards


def segdata(project: Project, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.root), *map(str, arguments)])


@pytest.fixture
def project(tmp_path: Path) -> Project:
    smooth = np.asarray(Image.fromarray(noise(6, 8)).resize((80, 60), Image.Resampling.BICUBIC))
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "roll/day 1").mkdir(parents=True)
    Image.fromarray(smooth).save(tmp_path / "roll/turned.jpg", exif=exif)
    Image.fromarray(smooth[:20]).save(tmp_path / "roll/day 1/flat.png")
    return make_project(tmp_path / "project")


def mask_of(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(path) as file:
        return np.asarray(file, np.uint8)


@pytest.mark.parametrize("to", ["via", "coco", "voc", "masks"])
def test_predictions_open_in_a_tool_s_form_with_the_same_masks(
    project: Project, tmp_path: Path, to: str
) -> None:
    out = project.root / "data/predicted/roll"
    exact = ["--exact"] if to == "via" else []
    done = segdata(project, "predict", "doors", tmp_path / "roll", "--to", to, *exact, "--out", out)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[:3] == [
        "doors: 2 photos: 2 predicted",
        f"  whole photos at 16x24 (height x width); masks: {out}/predictions",
        f"  2 photos (2 all) as {to} in {out}/{to}",
    ]
    masks = {id: mask_of(out / "predictions" / f"{id}.png") for id in ("turned", "day 1/flat")}
    assert masks["turned"].shape == (80, 60) and masks["day 1/flat"].shape == (20, 80)
    assert all(len(np.unique(mask)) > 1 for mask in masks.values())
    reader = read_back(out / to)
    assert sorted(reader.ids()) == sorted(masks)
    for id, mask in masks.items():
        assert (reader.read(id).mask == mask).all(), id
    source = yaml.safe_load((out / to / "source.yaml").read_text())["source"]
    assert source["root"] == f"data/predicted/roll/{to}"


def test_to_via_it_writes_drafts_and_says_what_they_differ_by(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = segdata(project, "predict", "doors", tmp_path / "roll", "--to", "via", "--out", out)
    assert done.exit_code == 0, done.output
    told = re.search(
        r"Drafts, not the very masks: (\d+) islands dropped, outlines within 1/500 of the longer side; "
        r"(\d+\.\d\d) % of the pixels as in the masks, mean IoU (0\.\d{3})\.",
        done.stdout,
    )
    assert told is not None, done.stdout
    masks = {id: mask_of(out / "predictions" / f"{id}.png") for id in ("turned", "day 1/flat")}
    drafts = {id: read_back(out / "via").read(id).mask for id in masks}
    same = sum(int((drafts[id] == mask).sum()) for id, mask in masks.items())
    assert float(told[2]) == int(10_000 * same / sum(mask.size for mask in masks.values())) / 100 > 95
    again = segdata(project, "predict", "doors", tmp_path / "roll", "--to", "via", "--out", out)
    assert f"  via: lies there already, with these masks: {out}/via" in again.stdout
    exact = segdata(project, "predict", "doors", tmp_path / "roll", "--to", "via", "--exact", "--out", out)
    assert exact.exit_code == 2
    assert "found a folder in use, which may hold corrections by hand" in exact.output


def test_photos_by_name_and_a_second_run(project: Project, tmp_path: Path) -> None:
    arguments = ("predict", "doors", tmp_path / "roll/turned.jpg", "--out", tmp_path / "out", "--to", "via")
    assert segdata(project, *arguments).exit_code == 0
    again = segdata(project, *arguments)
    assert again.exit_code == 0
    assert again.stdout.splitlines() == [
        "doors: 1 photo: 0 predicted, 1 as they were",
        f"  whole photos at 16x24 (height x width); masks: {tmp_path}/out/predictions",
        f"  via: lies there already, with these masks: {tmp_path}/out/via",
    ]
    assert again.stderr == ""


def test_tiles_mirrors_and_scales(project: Project, tmp_path: Path) -> None:
    write_shards(project, [(32, 48)])
    options = ("--tile", 16, 24, "--overlap", 6, "--flip", "--scales", "0.5,1,1.8")
    done = segdata(project, "predict", "doors", tmp_path / "roll", "--out", tmp_path / "out", *options)
    assert done.exit_code == 0, done.output
    assert (
        "  tiles of 16x24 (height x width) overlapping by 6, photos scaled by 0.5, mirrored too, scales 0.5 1 1.8; masks: "
        in done.stdout
    )
    how = How(
        size_hw=SIZE_HW,
        tile_hw=(16, 24),
        overlap=6,
        tile_scale_hw=(0.5, 0.5),
        flip=True,
        scales=(0.5, 1.0, 1.8),
    )
    photo = photo_of(tmp_path / "x", np.asarray(Image.open(tmp_path / "roll/day 1/flat.png")))
    expected = predict_mask(run_in(project), photo, how)
    assert (mask_of(tmp_path / "out/predictions/day 1/flat.png") == expected).all()


def test_a_photo_that_cannot_be_read_is_listed_with_exit_code_1(project: Project, tmp_path: Path) -> None:
    (tmp_path / "roll/broken.jpg").write_bytes(b"no photo")
    (tmp_path / "roll/notes.txt").write_text("sunny")
    done = segdata(project, "predict", "doors", tmp_path / "roll", "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert f"error: {tmp_path}/roll/broken.jpg: found a file that is no readable image" in done.stderr
    assert "doors: 2 photos: 2 predicted; 1 set aside" in done.stdout
    assert "  1 file in the folders: no photos" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["doors", "roll", "--out", "project/pipelines"], "found a folder that holds something else"),
        (["doors", "roll", "--out", "roll/masks"], "found a folder inside roll"),
        (["doors", "rol", "--out", "out"], "rol: found no such file or folder"),
        (["door", "roll", "--out", "out"], "did you mean 'doors'?"),
        (
            ["doors", "roll", "--out", "out", "--overlap", "3"],
            "--overlap and --tile-scale go with --tile H W",
        ),
        (["doors", "roll", "--out", "out", "--tile", "8", "8"], "no shards of doors"),
        (["doors", "roll", "--out", "out", "--scales", "big"], "'big' is no list of numbers"),
        (["doors", "roll", "--out", "out", "--scales", "9"], "scales of 0.1 to 4"),
        (["doors", "roll", "--out", "out", "--to", "coco", "--exact"], "--exact goes with --to via"),
        (["doors", "--out", "out"], "Missing argument 'PHOTOS...'"),
    ],
)
def test_what_cannot_be_done_is_said(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = segdata(project, "predict", *arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output
    assert not (tmp_path / "out").exists() and not (tmp_path / "roll/masks").exists()


def test_without_a_trained_run_it_says_so(project: Project, tmp_path: Path) -> None:
    (project.run_dir("doors") / "model.json").unlink()
    done = segdata(project, "predict", "doors", tmp_path / "roll", "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "found no model.json; expected a finished training run" in done.output
    assert not (tmp_path / "out").exists()


def test_ctrl_c_leaves_what_is_whole(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter([True, False])

    def interrupted(*arguments: object) -> object:
        if not next(calls):
            raise KeyboardInterrupt
        return predict_mask(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("segdata.prediction.folder.predict_mask", interrupted)
    stopped = segdata(project, "predict", "doors", tmp_path / "roll", "--out", tmp_path / "out")
    assert (stopped.exit_code, stopped.output) == (130, "stopped\n")
    monkeypatch.undo()
    done = segdata(project, "predict", "doors", tmp_path / "roll", "--out", tmp_path / "out")
    assert done.stdout.startswith("doors: 2 photos: 1 predicted, 1 as they were\n")


def test_onnx_is_written_and_says_how_near_it_is(project: Project, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="ONNX needs the extra 'onnx'")
    done = segdata(project, "onnx", "doors", "--out", tmp_path / "doors.onnx")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("doors: photos of any size, logits within ")
    assert done.stdout.endswith(f": {tmp_path}/doors.onnx\n")
    assert (tmp_path / "doors.onnx").stat().st_size > 1000
    wrong = segdata(project, "onnx", "doors", "--out", tmp_path / "doors.pt")
    assert wrong.exit_code == 2
    assert "found the ending '.pt'; expected .onnx" in wrong.output
