"""What a model makes of every photo: the figures by hand, kept per shard, stopped and gone on with."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="asking a model needs the extra 'train'")

from segdata.browsing.compute import Job, Stopped, compute, why_not  # noqa: E402
from segdata.browsing.opened import Opened, Watch  # noqa: E402
from segdata.errors import SegdataError, TrainingError  # noqa: E402
from segdata.evaluation.disagreement import measure  # noqa: E402
from segdata.project import Project  # noqa: E402
from segdata.shards import ShardSet  # noqa: E402
from tests.browsing.sets import LOGITS, write_run  # noqa: E402
from tests.prediction.colours import COLORS, ByColor, run_of  # noqa: E402
from tests.projects import convert  # noqa: E402

CROSS_ENTROPY = np.log(np.exp(LOGITS).sum()) - np.array(LOGITS)
"""Of a pixel of each class."""


def test_the_loss_is_the_mean_cross_entropy_of_labelled_pixels() -> None:
    truth = np.array([[[0, 0, 1], [2, 2, 255]], [[255, 255, 255]] * 2, [[3, 3, 3]] * 2], np.uint8)
    seen = np.array([[[0, 0, 1], [2, 1, 1]], [[1, 1, 1]] * 2, [[3, 3, 3]] * 2], np.uint8)
    found = measure(run_of(ByColor(), (2, 3)), COLORS[seen], truth)
    assert found.predictions.tolist() == seen.tolist()
    distances = np.square(COLORS[:, None].astype(float) - COLORS[None]).sum(2) / 1000
    per_pixel = np.log(np.exp(-distances).sum(1)) + 0  # of a pixel seen as its own class
    wrong = per_pixel[1] + distances[1, 2]  # labelled 2, seen as 1
    assert found.loss[0] == pytest.approx(
        (2 * per_pixel[0] + per_pixel[1] + per_pixel[2] + wrong) / 5, rel=1e-5
    )
    assert np.isnan(found.loss[1])
    assert found.loss[2] == pytest.approx(per_pixel[3], abs=1e-6)
    assert found.accuracy.tolist() == pytest.approx([4 / 5, np.nan, 1], nan_ok=True)
    assert found.mean_iou.tolist() == pytest.approx([(1 + 1 / 2 + 1 / 2) / 3, np.nan, 1], nan_ok=True)


def by_hand(project: Project) -> dict[str, tuple[float, float]]:
    """Loss and share of wrong pixels of each sample, for a model that answers LOGITS."""
    found = {}
    for row in ShardSet.open(project.shards_dir("via")).manifest.rows:
        pixels = np.array(row.pixels)
        labelled = pixels.sum()
        found[row.id] = (
            float((pixels * CROSS_ENTROPY).sum() / labelled),
            float(1 - pixels[int(np.argmax(LOGITS))] / labelled),
        )
    return found


def test_every_photo_of_every_split_is_looked_at_once_and_kept(project: Project) -> None:
    write_run(project)
    opened = Watch(project, "via").now()
    assert np.isnan(opened.figures().loss).all()
    ticks: list[int] = []
    compute(project, "via", opened.shards, opened.kept, ticks.append)
    assert sum(ticks) == 10
    again = Watch(project, "via").now()
    figures, expected = again.figures(), by_hand(project)
    for number, id in enumerate(again.index.ids):
        assert (figures.loss[number], figures.wrong[number]) == pytest.approx(expected[id], rel=1e-5)
        predicted = again.prediction(number)
        assert predicted is not None
        assert (predicted == np.argmax(LOGITS)).all()
    assert again.kept.missing() == []
    compute(project, "via", again.shards, again.kept, ticks.append)
    assert sum(ticks) == 10


def test_it_goes_on_where_it_was_stopped_and_a_damaged_file_is_computed_again(project: Project) -> None:
    write_run(project)
    opened = Watch(project, "via").now()
    first, *others = opened.shards.manifest.metadata.shards
    assert others
    done: list[int] = []
    with pytest.raises(Stopped):
        compute(project, "via", opened.shards, opened.kept, done.append, lambda: sum(done) >= first.rows)
    assert [entry.name for entry in opened.kept.missing()] == [entry.name for entry in others]
    again = Watch(project, "via").now()
    compute(project, "via", again.shards, again.kept, done.append)
    assert sum(done) == 10
    path = again.kept.folder / first.name
    path.write_bytes(path.read_bytes()[:-200])
    damaged = Watch(project, "via").now()
    assert [entry.name for entry in damaged.kept.missing()] == [first.name]
    assert np.isnan(damaged.figures().loss).sum() == first.rows
    compute(project, "via", damaged.shards, damaged.kept, done.append)
    assert sum(done) == 10 + first.rows


def test_a_changed_shard_is_computed_alone_and_other_weights_start_anew(project: Project) -> None:
    write_run(project)
    opened = Watch(project, "via").now()
    compute(project, "via", opened.shards, opened.kept)
    old = opened.kept.folder
    before = {entry.name for entry in opened.shards.manifest.metadata.shards}
    pipeline = project.root / "pipelines" / "via.yaml"
    val = opened.shards.split("val").ids if "val" in opened.shards.splits else opened.shards.split("test").ids
    _remove_photo(project, val[0])
    convert(project, "via")
    watch = Watch(project, "via")
    now = watch.now()
    after = {entry.name: entry.rows for entry in now.shards.manifest.metadata.shards}
    ticks: list[int] = []
    compute(project, "via", now.shards, now.kept, ticks.append)
    assert sum(ticks) == sum(rows for name, rows in after.items() if name not in before)
    assert {path.name for path in old.iterdir()} == set(after)  # what is not in the set is gone
    record = project.run_dir("via") / "model.json"
    record.write_text(record.read_text().replace('"seed": 0', '"seed": 1'))
    with pytest.raises(TrainingError, match="runs/via: found another model than when this was begun"):
        compute(project, "via", now.shards, now.kept)
    other = watch.now()
    assert other.kept.folder != old
    assert len(other.kept.missing()) == len(after)
    compute(project, "via", other.shards, other.kept)
    assert not old.exists()
    assert pipeline.is_file()


def _remove_photo(project: Project, id: str) -> None:
    from segdata.adding import remove

    remove(project, "via", [id])


def test_why_there_can_be_no_figures(project: Project) -> None:
    assert why_not(project, "via") == "No trained model yet: run dvc repro, or segdata train via."
    write_run(project)
    assert why_not(project, "via") == ""


def test_a_model_of_other_classes_is_refused(project: Project) -> None:
    write_run(project)
    record = project.run_dir("via") / "model.json"
    record.write_text(record.read_text().replace('"pole"', '"pile"'))
    opened = Watch(project, "via").now()
    with pytest.raises(TrainingError, match="a model of 9 other classes"):
        compute(project, "via", opened.shards, opened.kept)


def test_a_job_runs_once_tells_its_end_and_can_be_stopped() -> None:
    job, go = Job(), threading.Event()

    def work(tick, stop) -> None:  # type: ignore[no-untyped-def]
        tick(3)
        while not stop():
            go.wait(0.01)
        raise Stopped

    assert job.start(work, 10)
    assert not job.start(work, 10)
    job.stop()
    assert (job.progress.running, job.progress.done, job.progress.total) == (False, 3, 10)
    assert job.progress.error == ""

    def fail(tick, stop) -> None:  # type: ignore[no-untyped-def]
        raise SegdataError("model.json", found="nothing")

    assert job.start(fail, 1)
    job.stop()
    assert job.progress.error == "model.json: found nothing"


def test_predictions_of_an_evaluation_are_shown_before_anything_is_computed(project: Project) -> None:
    from segdata.evaluation import evaluate_pipeline

    write_run(project)
    evaluate_pipeline(project, "via")
    watch = Watch(project, "via")
    opened = watch.now()
    expected = by_hand(project)
    scored = {
        id
        for number, id in enumerate(opened.index.ids)
        if not np.isnan(opened.figures().wrong[number]) and opened.prediction(number) is not None
    }
    assert scored == set(opened.shards.split("test").ids)
    for id in scored:
        wrong = opened.figures().wrong[opened.index.number_of[id]]
        assert wrong == pytest.approx(expected[id][1], abs=1e-6)
    assert np.isnan(opened.figures().loss).all()
    (Path(project.evaluation_dir("via")) / "scored.json").unlink()
    assert set(watch.now().scored) == scored
    (Path(project.evaluation_dir("via")) / "per_photo.csv").write_text("nonsense")
    assert watch.now().scored == {}


def test_an_evaluation_of_other_weights_is_left_out_and_told(project: Project) -> None:
    from segdata.browsing.answers import about_model
    from segdata.browsing.compute import Progress
    from segdata.evaluation import evaluate_pipeline

    def told(opened: Opened) -> object:
        return about_model(opened, Progress(), opened.figures())["scores"]

    write_run(project)
    evaluate_pipeline(project, "via")
    watch = Watch(project, "via")
    before = watch.now()
    assert before.scored and told(before) == ""
    weights = project.run_dir("via") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    now = watch.now()
    assert now.scored == {} and np.isnan(now.figures().wrong).all()
    assert all(now.prediction(number) is None for number in range(len(now.index)))
    said = str(told(now))
    assert said.startswith(
        "The last scores and predictions are of other weights: they are left out until dvc repro, or segdata evaluate via, "
        "has run. data/evaluation/via/scored.json: found scores of weights "
    )
    note = project.evaluation_dir("via") / "scored.json"
    content = note.read_bytes()
    note.write_text("{")
    damaged = str(told(watch.now()))
    assert damaged.startswith(
        "What the last scores and predictions are of cannot be told, as the note of it is damaged: they are left out until "
        "dvc repro, or segdata evaluate via, has run. "
    )
    assert "data/evaluation/via/scored.json: found Input data was truncated; expected what segdata" in damaged
    note.unlink()
    assert told(watch.now()) == (
        "Whether the last scores and predictions are of these shards and weights cannot be told: dvc repro, or segdata "
        "evaluate via, notes it."
    )
    note.write_bytes(content)
    assert told(watch.now()) == said
    evaluate_pipeline(project, "via")
    assert told(watch.now()) == ""


@pytest.mark.parametrize("late", ["scored.json", "per_photo.csv"])
def test_an_open_page_takes_in_what_dvc_brings_of_an_evaluation_later(project: Project, late: str) -> None:
    from segdata.evaluation import evaluate_pipeline

    write_run(project)
    evaluate_pipeline(project, "via")
    watch = Watch(project, "via")
    before = (watch.now().standing, watch.now().scored)
    assert before[0].state == "current" and before[1]
    path = project.evaluation_dir("via") / late
    path.rename(path.with_suffix(".away"))
    assert (watch.now().standing, watch.now().scored) != before
    path.with_suffix(".away").rename(path)
    assert (watch.now().standing, watch.now().scored) == before
