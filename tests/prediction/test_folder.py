"""Photos to masks on disk: what a second run does again, what it keeps, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="prediction needs the extra 'train'")

from PIL import Image  # noqa: E402

from segdata.errors import ConfigError, DataError  # noqa: E402
from segdata.evaluation.run import load_noted_run  # noqa: E402
from segdata.prediction.folder import Outcome, check_places, predict_folder  # noqa: E402
from segdata.prediction.how import How  # noqa: E402
from segdata.prediction.kept import new  # noqa: E402
from segdata.prediction.masks import predict_mask  # noqa: E402
from segdata.prediction.photos import Given, find_photos  # noqa: E402
from segdata.project import Project  # noqa: E402
from tests.prediction.colours import noise, photo_of  # noqa: E402
from tests.prediction.projects import PALETTE, SIZE_HW, make_project, run_in, write_run  # noqa: E402

HOW = How(size_hw=SIZE_HW)
SIZES = {"a": (30, 44), "day 1/b": (7, 5), "c": (16, 24)}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for seed, (id, size_hw) in enumerate(SIZES.items()):
        photo_of((tmp_path / "roll" / id).parent, noise(*size_hw, seed), f"{Path(id).name}.png")
    return make_project(tmp_path / "project")


def predict(project: Project, roll: Path, out: Path, how: How = HOW, to: str | None = None) -> Outcome:
    run, digests = load_noted_run(project.run_dir("doors"))
    wanted = new("doors", digests, run, how)
    return predict_folder(run, find_photos([roll]), wanted, out, to=to)


def stored(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(path) as file:
        assert file.mode == "P"
        assert file.getpalette()[: 3 * len(PALETTE)] == [channel for color in PALETTE for channel in color]  # type: ignore[index]
        return np.asarray(file, np.uint8)


def stamps(out: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(out.rglob("*.png"))}


def test_every_photo_has_a_palettised_mask_of_its_own_size(project: Project, tmp_path: Path) -> None:
    outcome = predict(project, tmp_path / "roll", tmp_path / "out")
    assert (outcome.line(), outcome.findings) == ("3 photos: 3 predicted", [])
    for given in find_photos([tmp_path / "roll"]).given:
        mask = stored(tmp_path / "out/predictions" / f"{given.id}.png")
        assert mask.shape == SIZES[given.id]
        photo = photo_of(tmp_path, noise(*SIZES[given.id], list(SIZES).index(given.id)))
        assert (mask == predict_mask(run_in(project), photo, HOW)).all()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".prediction.lock",
        "prediction.json",
        "predictions",
    ]
    said = json.loads((tmp_path / "out/prediction.json").read_text())
    assert (list(said["photos"]), said["pipeline"]) == (["a", "c", "day 1/b"], "doors")
    assert said["photos"]["a"]["size_hw"] == [30, 44]
    assert said["classes"][1] == ["door", list(PALETTE[1])]


def test_a_second_run_makes_only_what_is_new_or_changed(project: Project, tmp_path: Path) -> None:
    roll, out = tmp_path / "roll", tmp_path / "out"
    predict(project, roll, out)
    before = stamps(out)
    assert predict(project, roll, out).line() == "3 photos: 0 predicted, 3 as they were"
    assert stamps(out) == before
    photo_of(roll, noise(9, 9), "new.png")
    photo_of(roll, noise(40, 20), "a.png")
    assert predict(project, roll, out).line() == "4 photos: 2 predicted, 2 as they were"
    assert stored(out / "predictions/a.png").shape == (40, 20)
    (out / "predictions/c.png").unlink()
    assert predict(project, roll, out).line() == "4 photos: 1 predicted, 3 as they were"
    assert json.loads((out / "prediction.json").read_text())["photos"].keys() == {"a", "c", "day 1/b", "new"}


def test_a_mask_corrected_by_hand_is_kept_and_told(project: Project, tmp_path: Path) -> None:
    roll, out = tmp_path / "roll", tmp_path / "out"
    predict(project, roll, out)
    mask = Image.fromarray(np.full((16, 24), 2, np.uint8))
    mask.putpalette([channel for color in PALETTE for channel in color])
    mask.save(out / "predictions/c.png")
    outcome = predict(project, roll, out, to="masks")
    assert [finding.line() for finding in outcome.findings] == [
        f"warning: {roll}/c.png: the mask there was not predicted, or changed since [mask-changed: kept]"
    ]
    with Image.open(out / "masks/mask/c.png") as file:
        assert (np.asarray(file) == 2).all()


def test_other_weights_or_options_need_another_folder(project: Project, tmp_path: Path) -> None:
    roll, out = tmp_path / "roll", tmp_path / "out"
    predict(project, roll, out)
    before = stamps(out)
    with pytest.raises(ConfigError, match=r"found predictions by other options: whole photos at 16x24 "):
        predict(project, roll, out, How(size_hw=SIZE_HW, flip=True))
    write_run(project, seed=4)
    with pytest.raises(ConfigError, match=r"found predictions by other weights .*Name another folder"):
        predict(project, roll, out)
    assert stamps(out) == before


def test_a_model_that_is_replaced_under_way_is_noted_as_it_was_loaded(
    project: Project, tmp_path: Path
) -> None:
    roll, out = tmp_path / "roll", tmp_path / "out"
    run, digests = load_noted_run(project.run_dir("doors"))
    write_run(project, seed=4)
    predict_folder(run, find_photos([roll]), new("doors", digests, run, HOW), out)
    with pytest.raises(ConfigError, match="found predictions by other weights"):
        predict(project, roll, out)


def test_a_run_that_was_killed_goes_on(project: Project, tmp_path: Path) -> None:
    roll, out = tmp_path / "roll", tmp_path / "out"
    run, digests = load_noted_run(project.run_dir("doors"))
    wanted = new("doors", digests, run, HOW)

    def interrupted(given: Sequence[Given], step: str) -> Iterator[Given]:
        yield from given[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_folder(run, find_photos([roll]), wanted, out, shown=interrupted)
    assert list(json.loads((out / "prediction.json").read_text())["photos"]) == ["a", "c"]
    assert not list(out.rglob("*.partial"))
    # Killed outright, the notes are left instead, the last line torn.
    said = json.loads((out / "prediction.json").read_text())
    notes = [json.dumps({"id": id, "entry": entry}) for id, entry in said["photos"].items()]
    (out / "prediction.json").write_text(json.dumps(said | {"photos": {}}))
    (out / ".prediction.jsonl").write_text("\n".join([*notes, '{"id": "day 1/b", "ent']))
    assert predict(project, roll, out).line() == "3 photos: 1 predicted, 2 as they were"
    assert not (out / ".prediction.jsonl").exists()


def test_what_cannot_be_read_is_listed_and_the_rest_goes_on(project: Project, tmp_path: Path) -> None:
    roll, out = tmp_path / "roll", tmp_path / "out"
    (roll / "broken.jpg").write_bytes(b"no photo")
    (roll / "cut.png").write_bytes((roll / "a.png").read_bytes()[:-400])
    outcome = predict(project, roll, out, to="via")
    assert outcome.line() == "3 photos: 3 predicted; 2 set aside"
    assert [finding.line() for finding in outcome.findings] == [
        f"error: {roll}/broken.jpg: found a file that is no readable image; expected one of JPEG, PNG, TIFF, BMP, WEBP, "
        "PPM [unreadable: set aside]",
        f"error: {roll}/cut.png: found a damaged photo (image file is truncated); expected a whole file. Copy it again. "
        "[unreadable: set aside]",
    ]
    assert {path.stem for path in (out / "predictions").rglob("*.png")} == {"a", "b", "c"}
    assert outcome.exported is not None and outcome.exported.samples == {"all": 3}


def test_with_nothing_to_predict_every_reason_is_told(project: Project, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/broken.jpg").write_bytes(b"no photo")
    with pytest.raises(
        DataError, match=r"not one photo to predict\n  error: .*broken.jpg: found a file that is no"
    ):
        predict(project, tmp_path / "bad", tmp_path / "out")


def test_a_folder_with_anything_else_is_refused(project: Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    with pytest.raises(
        ConfigError, match="other: found a folder that holds something else; .*Name another folder"
    ):
        predict(project, tmp_path / "roll", other)
    assert [path.name for path in other.iterdir()] == ["letter.txt"]
    with pytest.raises(ConfigError, match="found a file"):
        predict(project, tmp_path / "roll", other / "letter.txt")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/prediction.json").write_text('{"photos": 3}')
    with pytest.raises(ConfigError, match="prediction.json: found a damaged file"):
        predict(project, tmp_path / "roll", tmp_path / "out")


def test_masks_do_not_become_photos(tmp_path: Path) -> None:
    (tmp_path / "roll/in").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"out: found a folder inside .*roll; expected one outside"):
        check_places(tmp_path / "roll/out", [tmp_path / "roll"], tmp_path / "raw")
    (tmp_path / "raw").mkdir()
    with pytest.raises(ConfigError, match=r"found a folder inside .*raw"):
        check_places(tmp_path / "raw/out", [tmp_path / "roll"], tmp_path / "raw")
    check_places(tmp_path / "out", [tmp_path / "roll", tmp_path / "a.jpg"], tmp_path / "raw")


def test_an_export_is_written_once_and_never_over_corrections(project: Project, tmp_path: Path) -> None:
    roll, out = tmp_path / "roll", tmp_path / "out"
    first = predict(project, roll, out, to="coco")
    assert first.exported is not None and first.exported.samples == {"all": 3}
    assert predict(project, roll, out, to="coco").exported is None
    photo_of(roll, noise(9, 9), "new.png")
    with pytest.raises(ConfigError, match="coco: found a folder in use, which may hold corrections by hand"):
        predict(project, roll, out, to="coco")
    assert (out / "predictions/new.png").is_file()
    (out / "coco").rename(tmp_path / "corrected")
    again = predict(project, roll, out, to="coco")
    assert again.line() == "4 photos: 0 predicted, 4 as they were"
    assert again.exported is not None and again.exported.samples == {"all": 4}
    (out / "via").mkdir()
    (out / "via/mine.json").write_text("{}")
    with pytest.raises(ConfigError, match="via: found a folder in use"):
        predict(project, roll, out, to="via")
