"""What Prefect's page shows of a search, and which searches it offers."""

from __future__ import annotations

from pathlib import Path

import yaml

from flows import inbox, search
from flows.ui import offered
from segdata.project import Project
from segdata.search.outcome import Outcome
from tests.projects import sample_project
from tests.search.projects import NAME, make_project, record

SEARCH = {"sampler": "grid", "space": {"train.lr": {"choice": [0.1, 0.01]}}, "metric": "loss"}


def test_trials_stand_best_first_and_those_without_a_figure_last(tmp_path: Path) -> None:
    project = make_project(tmp_path, SEARCH)
    trials = (
        record({"train.lr": 0.1}, 2.0, None, state="diverged"),
        record({"train.lr": 0.2}, None, state="failed", why="no memory"),
        record({"train.lr": 0.01}, 0.9, 0.5),
    )
    text = search.markdown(Outcome(NAME, project.pipeline(NAME), trials, True))
    assert text.splitlines()[:2] == [f"# Search of {NAME}", ""]
    assert [line for line in text.splitlines() if line.startswith("|")] == [
        "| trial | train.lr | loss | epochs | state |",
        "|---|---|---|---|---|",
        "| 3 | 0.01 | 0.5000 | 2 | finished |",
        "| 1 | 0.1 |  | 2 | diverged |",
        "| 2 | 0.2 |  | 1 | failed |",
    ]


def test_a_search_is_offered_where_the_pipeline_file_describes_one(tmp_path: Path) -> None:
    project = sample_project(tmp_path, "via")
    entry = {"raw": "sample-via", "format": "via", "model": "mininet"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"pipelines": {"via": entry}}))
    assert [one.name for one in offered(project)] == ["via", "look at via once"]
    assert [one.name for one in inbox.deployments(project)] == ["look at via once"]
    path = project.pipeline_path("via")
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"search": SEARCH}))
    assert {one.name: one.entrypoint for one in offered(Project(tmp_path))} == {
        "via": "flows.convert.convert_pipeline",
        "look at via once": "flows.inbox.inbox",
        "search via": "flows.search.search",
    }
