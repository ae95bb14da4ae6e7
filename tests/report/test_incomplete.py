"""Parts that are missing say what to run; parts that are damaged, or belong elsewhere, name the file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import segdata
from segdata.cli import main
from segdata.errors import ConfigError, DataError, SegdataError
from segdata.report import build_report
from tests.report.fakes import Fake
from tests.report.pages import Page, built, complete, photos


@pytest.mark.parametrize("stage", ["converted", "trained"])
def test_a_pipeline_that_is_not_scored_says_what_to_run(fake: Callable[..., Fake], stage: str) -> None:
    one, two = fake(), fake("two")
    complete(one)
    two.write_pipeline()
    two.write_shards({"train": photos(["a"], 3)})
    if stage == "trained":
        two.write_run([(1, 1.0, 1.0, 0.2, 0.5, 0.03)], best=1)
    page = Page(built(one, "one", "two"))
    assert "2 pipelines, 1 scored" in " ".join(page.text.split())
    assert "segdata evaluate two" in page.text
    assert ("segdata train two" in page.text) == (stage == "converted")
    assert next(r for r in page.clean() if r and r[0].startswith("two"))[3] == "not scored yet"


def test_scores_without_shards_still_show(fake: Callable[..., Fake]) -> None:
    one = fake()
    metrics = complete(one)
    (one.project.shards_dir("one") / "manifest.parquet").unlink()
    page = Page(built(one))
    assert f"{metrics['pixel_accuracy']:.3f}" in page.text
    assert "No photos to show:" in page.text
    assert not page.attributes("img", "src")


def test_nothing_at_all_is_an_error(fake: Callable[..., Fake]) -> None:
    one = fake()
    one.write_pipeline()
    with pytest.raises(SegdataError, match="no shards, runs or evaluations of one"):
        build_report(one.project, ["one"])
    with pytest.raises(SegdataError, match="of any pipeline"):
        build_report(one.project, [])
    with pytest.raises(ConfigError, match="did you mean 'one'"):
        build_report(one.project, ["onne"])
    assert not one.project.report_dir().exists()


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("metrics.json", '"samples": 6', '"samples": "six"', r"metrics\.json: found Expected `int`"),
        ("confusion.csv", "road,road,", "road,road,x", r"confusion\.csv: line 2: found"),
    ],
)
def test_a_damaged_evaluation_names_the_file(
    fake: Callable[..., Fake], file: str, old: str, new: str, message: str
) -> None:
    one = fake()
    complete(one)
    path = one.project.evaluation_dir("one") / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DataError, match=message):
        build_report(one.project, ["one"])


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("per_class.csv", "road", "rood", "per_class.csv: found class 'rood'"),
        ("shown.csv", "a,", "zebra,", "shown.csv: found id 'zebra'"),
        ("metrics.json", '"test"', '"holdout"', "found no samples in split 'holdout'"),
    ],
)
def test_scores_of_other_shards_are_left_out_loudly_and_the_other_pipelines_stay(
    fake: Callable[..., Fake], capsys: pytest.CaptureFixture[str], file: str, old: str, new: str, message: str
) -> None:
    one, two = fake(), fake("two")
    complete(one)
    metrics = complete(two)
    path = one.project.evaluation_dir("one") / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    page = Page(built(one, "one", "two"))
    said = " ".join(page.text.split())
    assert "2 pipelines, 1 scored" in said
    assert "The scores that lie here are stale." in said and message in said
    assert "Run dvc repro, or segdata evaluate one." in said
    assert page.attributes("div", "class").count("card loud") == 1
    rows = {r[0][:3]: r for r in page.clean() if r and r[0].endswith("via · mininet")}
    assert rows["one"][3] == "stale: of other shards"
    assert rows["two"][5].startswith(f"{metrics['mean_iou']:.3f}")
    large = [attrs for tag, attrs in page.tags if tag == "img" and "loading" not in attrs]
    assert len(large) == 24
    told = capsys.readouterr().err
    assert told.startswith("WARNING: one: its scores are left out. data/") and message in told
    assert str(one.project.root) not in said


@pytest.mark.parametrize("of", ["shards", "weights", "shards and weights"])
def test_scores_of_other_shards_or_weights_are_left_out_though_every_id_is_the_same(
    fake: Callable[..., Fake], capsys: pytest.CaptureFixture[str], of: str
) -> None:
    one = fake()
    metrics = complete(one)
    one.note_origin()
    assert f"{metrics['mean_iou']:.3f}" in (fresh := " ".join(Page(built(one)).text.split()))
    assert "stale" not in fresh and "cannot be told" not in fresh
    if "shards" in of:  # one pixel of one annotation is corrected
        test = photos(["a", "b", "c", "d", "e", "f"], 3)
        test["a"][1][0, 0] = (test["a"][1][0, 0] + 1) % 3
        one.write_shards({"train": photos(["t1", "t2"], 3, 2), "val": photos(["v"], 3, 3), "test": test})
    if "weights" in of:
        one.write_run([(1, 1.0, 1.0, 0.2, 0.5, 0.02)], best=1)
    page = Page(built(one))
    said = " ".join(page.text.split())
    assert "1 pipeline, 0 scored" in said
    assert "The scores that lie here are stale." in said
    assert f"They do not belong to the {of} that lie here now" in said
    assert next(r for r in page.clean() if r and r[0].startswith("one"))[3] == f"stale: of other {of}"
    assert f"{metrics['mean_iou']:.3f}" not in said
    assert not [1 for tag, attrs in page.tags if tag == "img" and "loading" not in attrs]
    assert capsys.readouterr().err.startswith(
        f"WARNING: one: its scores are left out. data/evaluation/one/scored.json: found scores of {of.split()[0]} "
    )


def test_scores_of_before_it_was_noted_are_shown_and_said_to_be_uncertain(fake: Callable[..., Fake]) -> None:
    one = fake()
    metrics = complete(one)
    said = " ".join(Page(built(one)).text.split())
    assert "Whether these scores are of the shards and weights that lie here now cannot be told" in said
    assert f"{metrics['mean_iou']:.3f}" in said


def test_a_damaged_note_of_what_was_scored_names_the_file(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    (one.project.evaluation_dir("one") / "scored.json").write_text('{"shards": 7}')
    with pytest.raises(DataError, match=r"scored\.json: found"):
        build_report(one.project, ["one"])


def test_stale_scores_of_a_model_of_other_shards_name_the_training_too(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    one.write_run([(1, 1.0, 1.0, 0.2, 0.5, 0.03)], best=1, shards="0" * 64)
    path = one.project.evaluation_dir("one") / "shown.csv"
    path.write_text(path.read_text().replace("a,", "zebra,", 1))
    said = " ".join(Page(built(one)).text.split())
    assert "or segdata evaluate one after segdata train one." in said


def test_it_needs_neither_torch_nor_matplotlib() -> None:
    code = "import sys, segdata.report; print(sorted({'torch', 'matplotlib', 'prefect', 'dvc'} & set(sys.modules)))"
    root = Path(segdata.__file__).parents[1]
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert answer.stdout.strip() == "[]"


def test_a_page_of_named_pipelines_lies_beside_that_of_params_yaml(
    fake: Callable[..., Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = fake(), fake("two")
    complete(two)
    one.write_pipeline()
    (one.project.root / "params.yaml").write_text("pipelines: {one: {raw: x, format: via, model: mininet}}\n")
    monkeypatch.chdir(one.project.root)

    def report(*names: str) -> Result:
        return CliRunner().invoke(main, ["report", *names])

    nothing = report()
    assert nothing.exit_code == 2
    assert nothing.stderr == (
        "error: report: found no shards, runs or evaluations of one; expected at least one converted pipeline under "
        "data/. Run dvc repro, or name what is there: segdata report two\n"
    )
    done = report("two", "one", "two")
    assert (done.exit_code, done.stderr) == (0, "")
    page = one.project.root / "data/reports/two+one/index.html"
    assert done.stdout == f"report: {page}\n"
    assert "2 pipelines, 1 scored" in " ".join(Page(page.read_text()).text.split())
    assert not one.project.report_dir().exists()
    assert report("twoo").exit_code == 2 and "did you mean 'two'" in report("twoo").stderr
