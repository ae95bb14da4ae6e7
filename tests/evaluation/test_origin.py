"""Scores of other shards, or of other weights, are known as such by their digests, where every id is the same."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="scoring needs the extra 'train'")

from click.testing import CliRunner  # noqa: E402

from segdata.cli import main  # noqa: E402
from segdata.digests import file_digest  # noqa: E402
from segdata.errors import DataError, TrainingError  # noqa: E402
from segdata.evaluation import evaluate_pipeline  # noqa: E402
from segdata.evaluation import run as runs  # noqa: E402
from segdata.evaluation.origin import Origin, read_origin, standing_of  # noqa: E402
from segdata.evaluation.predict import predict  # noqa: E402
from segdata.project import Project  # noqa: E402
from segdata.serving.known import about_of  # noqa: E402
from segdata.shards import ShardSet  # noqa: E402
from tests.evaluation import test_score as doors  # noqa: E402


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = doors.make_project(tmp_path / "here")
    evaluate_pipeline(project, "doors")
    return project


def correct_a_mask(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same ids in the same splits; one pixel of one annotation is another class."""
    masks = {**doors.MASKS, "test": {**doors.MASKS["test"], "berlin/a": [[1, 1, 1], [1, 1, 2]]}}
    monkeypatch.setattr(doors, "MASKS", masks)
    other = doors.make_project(tmp_path / "corrected")
    shutil.rmtree(project.shards_dir("doors"))
    other.shards_dir("doors").rename(project.shards_dir("doors"))


def train_again(project: Project) -> None:
    path = project.run_dir("doors") / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_what_was_scored_is_noted_beside_the_scores_and_not_among_them(project: Project) -> None:
    folder = project.evaluation_dir("doors")
    weights = file_digest(project.run_dir("doors") / "model.safetensors")
    shards = ShardSet.open(project.shards_dir("doors")).digest
    assert read_origin(folder) == Origin(shards=shards, weights=weights)
    assert json.loads((folder / "scored.json").read_text()) == {
        "format_version": 1,
        "shards": shards,
        "weights": weights,
    }
    metrics = (folder / "metrics.json").read_text()
    assert shards not in metrics and weights not in metrics
    assert standing_of(project, "doors", folder).state == "current"
    evaluate_pipeline(project, "doors", split="train")
    assert read_origin(project.scored_dir("doors", "train")) == Origin(shards=shards, weights=weights)


def test_corrected_annotations_and_new_weights_make_scores_stale(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = project.evaluation_dir("doors")
    before = read_origin(folder)
    assert before is not None
    train_again(project)
    known = standing_of(project, "doors", folder)
    assert (known.state, known.of) == ("stale", "weights")
    now = file_digest(project.run_dir("doors") / "model.safetensors")
    assert known.why == (
        f"data/evaluation/doors/scored.json: found scores of weights {before.weights[:12]}…; expected weights "
        f"{now[:12]}…, which lie here now. Evaluate again."
    )
    correct_a_mask(project, monkeypatch, tmp_path)
    assert standing_of(project, "doors", folder).of == "shards and weights"
    assert standing_of(project, "doors", folder, shards=False).of == "weights"
    evaluate_pipeline(project, "doors")
    assert standing_of(project, "doors", folder).state == "current"


def test_a_run_that_is_replaced_is_noted_as_it_was_scored_or_not_scored_at_all(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project.evaluation_dir("doors")
    noted = read_origin(folder)
    load_run = runs.load_run

    def replaced_then_loaded(*arguments: Any) -> runs.Run:
        train_again(project)
        return load_run(*arguments)

    def loaded_then_replaced(*arguments: Any) -> runs.Run:
        run = load_run(*arguments)
        train_again(project)
        return run

    for load in (replaced_then_loaded, loaded_then_replaced):
        monkeypatch.setattr(runs, "load_run", load)
        with pytest.raises(
            TrainingError, match="runs/doors: found a run that was replaced while it was read"
        ):
            evaluate_pipeline(project, "doors")
    monkeypatch.undo()
    assert read_origin(folder) == noted
    # While it is scored: the scores are of what was loaded, and the note says so.

    def predicted_then_replaced(*arguments: Any) -> Any:
        (project.run_dir("doors") / "model.safetensors").write_bytes(b"another")
        return predict(*arguments)

    monkeypatch.setattr("segdata.evaluation.score.predict", predicted_then_replaced)
    evaluate_pipeline(project, "doors")
    assert read_origin(folder) == noted
    assert standing_of(project, "doors", folder).of == "weights"


def test_what_does_not_lie_here_is_not_held_against_the_scores(project: Project) -> None:
    folder = project.evaluation_dir("doors")
    shutil.rmtree(project.shards_dir("doors"))
    assert standing_of(project, "doors", folder).state == "current"
    train_again(project)
    assert standing_of(project, "doors", folder).of == "weights"
    shutil.rmtree(project.run_dir("doors"))
    assert standing_of(project, "doors", folder).state == "current"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:40],
        lambda text: text.replace('"format_version": 1', '"format_version": 2'),
        lambda text: text.replace('"weights": "', '"weights": "x'),
        lambda text: text.replace('"weights"', '"model": "", "weights"'),
    ],
)
def test_a_damaged_note_is_named_and_a_missing_one_is_unknown(
    project: Project, damage: Callable[[str], str]
) -> None:
    folder = project.evaluation_dir("doors")
    note = folder / "scored.json"
    note.write_text(damage(note.read_text()))
    with pytest.raises(DataError, match=r"scored\.json: found .*; expected what segdata evaluate notes"):
        standing_of(project, "doors", folder)
    note.unlink()
    assert standing_of(project, "doors", folder).state == "unknown"


def test_predictions_of_other_weights_are_not_shown(project: Project) -> None:
    def shown() -> tuple[int, str]:
        done = CliRunner().invoke(main, ["--project", str(project.root), "show", "doors", "--prediction"])
        return done.exit_code, done.stderr

    assert shown() == (0, "")
    train_again(project)
    assert shown() == (
        2,
        "error: data/evaluation/doors: found predictions of other weights; expected predictions of the shards and "
        "weights that lie here now. Score again first: segdata evaluate doors.\n",
    )


def test_a_served_model_does_not_boast_with_the_scores_of_another(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def scored() -> tuple[float | None, str]:
        about = about_of(project, "doors")
        metric = about.scored.by("pixel-accuracy") if about.scored else None
        return metric.value if metric else None, capsys.readouterr().err

    assert scored() == (0.636364, "")
    (project.evaluation_dir("doors") / "scored.json").rename(tmp_path / "kept")
    value, said = scored()
    assert value == 0.636364
    assert said == (
        "WARNING: doors: whether its scores are of these weights was not noted (segdata evaluate doors notes it)\n"
    )
    (tmp_path / "kept").rename(project.evaluation_dir("doors") / "scored.json")
    # Of other shards: it is still this model that was scored, on those.
    correct_a_mask(project, monkeypatch, tmp_path)
    assert scored() == (0.636364, "")
    train_again(project)
    value, said = scored()
    assert value is None
    assert said.startswith(
        "WARNING: doors: its scores are left out. data/evaluation/doors/scored.json: found"
    )
