"""Parts that are missing say what to run; parts that are damaged, or belong elsewhere, name the file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import segdata
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
        ("per_class.csv", "road", "rood", r"per_class\.csv: found class 'rood'"),
        ("confusion.csv", "road,road,", "road,road,x", r"confusion\.csv: line 2: found"),
        ("shown.csv", "a,", "zebra,", r"shown\.csv: found id 'zebra'"),
    ],
)
def test_a_damaged_or_foreign_evaluation_names_the_file(
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


def test_it_needs_neither_torch_nor_matplotlib() -> None:
    code = "import sys, segdata.report; print(sorted({'torch', 'matplotlib', 'prefect', 'dvc'} & set(sys.modules)))"
    root = Path(segdata.__file__).parents[1]
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert answer.stdout.strip() == "[]"
