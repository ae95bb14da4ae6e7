"""The report stage: the page always, artifacts where a server takes them, and never an error because of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from flows import report as stage
from segdata.project import Project
from segdata.report.sections import read_section
from segdata.report.verdict import judge
from tests.report.fakes import Fake
from tests.report.pages import complete


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    (tmp_path / "pipelines").mkdir()
    entry = {"raw": "x", "format": "via", "model": "mininet"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"pipelines": {"one": entry}}))
    made = Fake(Project(tmp_path), "one", ("road", "car|truck", "tree"))
    complete(made)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return made


def test_without_a_server_there_is_the_page_alone_and_no_prefect(one: Fake) -> None:
    done = CliRunner().invoke(stage.main)
    assert (done.exit_code, done.output) == (0, f"report: {one.project.report_dir()}/index.html\n")
    assert (one.project.report_dir() / "index.html").stat().st_size > 10_000


def test_a_server_that_does_not_answer_is_none(one: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert not stage.answers(one.project)
    assert CliRunner().invoke(stage.main).exit_code == 0


def test_what_goes_wrong_with_artifacts_costs_nothing(one: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("database is locked")

    monkeypatch.setattr(stage, "leave_artifacts", fail)
    done = CliRunner().invoke(stage.main, ["--start"])
    assert done.exit_code == 0
    assert (
        "WARNING: the report's figures were not left as Prefect artifacts: database is locked" in done.output
    )
    assert (one.project.report_dir() / "index.html").is_file()


def test_what_goes_wrong_with_the_page_is_an_error(one: Fake) -> None:
    (one.project.evaluation_dir("one") / "metrics.json").write_text("{")
    done = CliRunner().invoke(stage.main)
    assert done.exit_code == 2
    assert "metrics.json" in done.output


def test_the_table_and_the_text_state_the_figures_of_the_page(one: Fake) -> None:
    section = read_section(one.project, "one", 0)
    assert section.evaluation is not None
    metrics = section.evaluation.metrics
    (row,) = stage.table([section])
    assert row["mean IoU"] == metrics.mean_iou
    assert (row["interval from"], row["interval to"]) == metrics.mean_iou_interval
    assert row["better baseline"] == pytest.approx(0.211)
    assert (row["data"], row["model"], row["photos"], row["published"]) == ("look", "good", 6, None)
    text = stage.markdown(section, judge(section))
    assert "## Is this data set good? look" in text
    score = section.classes[1].score
    assert f"| car\\|truck | {section.classes[1].truth_share:.1%}".replace("%", " %") in text
    assert f"| {score.iou:.3f} | {score.accuracy:.3f} |" in text
    assert "Best epoch 2 of 3, seed 7" in text
    bare = Fake(one.project, "bare", ("road", "car"))
    bare.write_pipeline()
    (row,) = stage.table([read_section(bare.project, "bare", 0)])
    assert set(row.values()) == {"bare", None, 0}
