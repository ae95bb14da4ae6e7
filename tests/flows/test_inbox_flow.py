"""The inbox flow as people run it: once, and served with a schedule."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from segdata.adding.inbox import conversion_is_due
from segdata.shards import ShardSet
from tests.adding.cases import Case, via_case
from tests.adding.test_add_masks import mask, own_project, photo
from tests.adding.test_inbox import drop, files
from tests.flows.prefect_api import artifacts, asked
from tests.flows.test_convert_flow import api_url, environment, stop_server


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = via_case(tmp_path)
    yield made
    if (made.project.root / ".segdata/prefect/server.json").exists():
        stop_server(made.project)


def test_one_look_takes_converts_and_leaves_an_artifact_and_a_failed_conversion_is_tried_again(
    case: Case,
) -> None:
    inbox = drop(case, "IMG_0003.jpg", "IMG_0007.jpg", "new.json")
    pipeline = case.project.pipeline_path("via")
    right = pipeline.read_text()
    pipeline.write_text(right.replace("source:", "source:\n  expected_counts: {train: 1}", 1))
    failed = run_inbox(case)
    assert failed.returncode == 2
    assert failed.stdout.startswith("via: 2 taken, 0 waiting, 0 quarantined; not converted: ")
    assert "error: pipelines/via.yaml: source.expected_counts: found" in failed.stderr
    assert "Traceback" not in failed.stderr
    found = artifacts(api_url(case.project))
    assert "- taken: photos/IMG_0003.jpg" in found["inbox-via"] and "not converted" in found["inbox-via"]
    pipeline.write_text(right)
    again = run_inbox(case)
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith("via: 0 taken, 0 waiting, 0 quarantined; via: 10 samples (")
    found = artifacts(api_url(case.project))
    assert "via: 10 samples (" in found["inbox-via"] and "convert-via" in found
    assert files(inbox) == ["taken/new.json"]
    shards = ShardSet.open(case.project.shards_dir("via"))
    assert {"IMG_0003", "IMG_0007"} <= {id for split in shards.splits for id in shards.split(split).ids}


def test_it_is_served_with_a_schedule_until_stopped(case: Case) -> None:
    inbox = drop(case, "IMG_0003.jpg", "IMG_0007.jpg")
    command = [sys.executable, "-u", "-m", "flows.inbox", "via", "--every", "5", "--settled", "0"]
    with subprocess.Popen(
        command,
        cwd=case.project.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as serving:
        try:
            assert serving.stdout is not None and serving.stderr is not None
            assert serving.stdout.readline() == "via: 0 taken, 2 waiting, 0 quarantined\n"
            drop(case, "new.json")
            line = serving.stdout.readline()
            while line.startswith(("  ", "via: 0 taken, 2 waiting")):
                line = serving.stdout.readline()
            runs = asked(f"{api_url(case.project)}/flow_runs/filter", {})
            serving.send_signal(signal.SIGINT)
            assert serving.wait(60) == 130
            assert serving.stderr.read().splitlines()[-1].startswith("stopped: ")
        finally:
            serving.kill()  # where something above failed: it would be waited for without end
    assert line.startswith("via: 2 taken, 0 waiting, 0 quarantined; via: 10 samples (")
    assert files(inbox) == ["taken/new.json"]
    assert not conversion_is_due(case.project, "via").exists()
    assert any(run["auto_scheduled"] and run["state_type"] != "SCHEDULED" for run in runs)
    (deployment,) = asked(f"{api_url(case.project)}/deployments/filter", {})
    assert (deployment["name"], deployment["paused"]) == ("via", True)  # nothing is scheduled any more


def test_a_lacking_split_is_refused_and_what_waits_is_told(tmp_path: Path) -> None:
    options = {"split_folders": True}
    project = own_project(tmp_path / "project", "masks", options=options, splits={"method": "official"})
    for seed, split in enumerate(("train", "val")):
        photo(project.root / f"data/raw/mine/{split}/image/{split}.png", seed)
        mask(project.root / f"data/raw/mine/{split}/mask/{split}.png", 0)
    inbox = project.root / "data/inbox/mine"
    photo(inbox / "a.png", 7)
    photo(inbox / "b.png", 8)
    mask(inbox / "masks/b.png", 77)
    command = [sys.executable, "-m", "flows.inbox", "mine", "--once", "--settled", "0"]
    keywords = {"cwd": project.root, "env": environment(), "capture_output": True, "text": True}
    refused = subprocess.run(command, check=False, **keywords)  # type: ignore[call-overload]
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        "error: pipelines/mine.yaml: source: found folders for each split; expected one to be chosen. "
        "Give --split train | val.\n"
    )
    assert files(inbox) == ["a.png", "b.png", "masks/b.png"]
    try:
        told = subprocess.run([*command, "--split", "val"], check=False, **keywords)  # type: ignore[call-overload]
    finally:
        stop_server(project)
    lines = told.stdout.splitlines()
    assert told.returncode == 0 and lines[0] == "mine: 0 taken, 1 waiting, 1 quarantined"
    assert (
        lines[1].startswith("  b.png quarantined: masks/b.png: row 0, column 0: found ") and "77" in lines[1]
    )
    assert lines[2:] == ["  a.png waits for its mask: masks/a.png"]


def run_inbox(case: Case) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flows.inbox", "via", "--once", "--settled", "0"],
        cwd=case.project.root,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
