"""The convert flow as people run it: a command in a project folder, with a server of its own or a given one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from segdata.atomic import only_one
from segdata.project import Project
from segdata.shards import ShardSet
from tests.flows.prefect_api import artifacts
from tests.projects import REPOSITORY, folder_bytes, sample_pipeline, sample_project


def environment(**extra: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return {**kept, "OMP_NUM_THREADS": "1", "PYTHONFAULTHANDLER": "1", "PYTHONPATH": str(REPOSITORY), **extra}


def run_flow(project: Project, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flows.convert", *arguments],
        cwd=project.root,
        env=environment(**extra),
        capture_output=True,
        text=True,
        check=False,
    )


def stop_server(project: Project) -> None:
    subprocess.run(
        [sys.executable, "-m", "flows.local_server", "stop"], cwd=project.root, env=environment(), check=True
    )


def api_url(project: Project) -> str:
    url: str = json.loads((project.root / ".segdata/prefect/server.json").read_text())["url"]
    return url


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = sample_project(tmp_path_factory.mktemp("served") / "project", "via")
    (project.root / "pipelines" / "voc.yaml").write_text(yaml.safe_dump(sample_pipeline("voc")))
    sample_project(project.root / "other", "voc")
    shutil.move(project.root / "other/data/raw/sample-voc", project.root / "data/raw/sample-voc")
    yield project
    stop_server(project)


def test_two_at_once_on_a_fresh_home_share_one_server_and_say_one_line_each(served: Project) -> None:
    command = [sys.executable, "-m", "flows.convert"]
    both = [
        subprocess.Popen(
            [*command, name],
            cwd=served.root,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("via", "voc")
    ]
    said = [(process.communicate(timeout=300), process.returncode) for process in both]
    for ((out, err), code), name in zip(said, ("via", "voc"), strict=True):
        assert code == 0, err
        assert err == ""
        assert out.startswith(f"{name}: 10 samples (")
        assert out.count("\n") == 1
    found = artifacts(api_url(served))
    assert set(found) == {"convert-via", "convert-voc"}
    assert "10 converted, 0 unchanged, 0 set aside" in found["convert-via"]
    assert "| road |" in found["convert-voc"]
    assert (served.root / ".segdata/prefect/prefect.db").is_file()


def test_the_report_leaves_its_figures_on_the_server_that_runs(served: Project) -> None:
    pipeline = sample_pipeline("via")
    entry = {"raw": "sample-via", "format": "via", "model": pipeline["model"]["name"]}
    params = served.root / "params.yaml"
    params.write_text(yaml.safe_dump({"pipelines": {"via": entry}}))
    command = [sys.executable, "-m", "flows.report"]
    done = subprocess.run(
        command, cwd=served.root, env=environment(), capture_output=True, text=True, check=False
    )
    params.write_text("pipelines: {}\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("data/report/index.html\nartifacts: report, report-via\n")
    found = artifacts(api_url(served))
    (row,) = json.loads(found["report"])
    assert (row["pipeline"], row["data"], row["mean IoU"]) == ("via", "look", None)
    assert "- 10 photos: " in found["report-via"]


def test_processes_and_threads_make_the_same_bytes(served: Project, tmp_path: Path) -> None:
    assert run_flow(served, "via").returncode == 0
    threads = folder_bytes(served.shards_dir("via"))
    shutil.rmtree(served.shards_dir("via"))
    served.plan_path("via").unlink()
    params = served.root / "params.yaml"
    params.write_text("pipelines: {}\nconvert: {runner: processes, workers: 2}\n")
    done = run_flow(served, "via")
    params.write_text("pipelines: {}\n")
    assert done.returncode == 0, done.stderr
    assert "10 converted" in done.stdout
    assert folder_bytes(served.shards_dir("via")) == threads


def test_a_given_server_is_used_and_none_is_started(served: Project, tmp_path: Path) -> None:
    run_flow(served, "via")
    other = sample_project(tmp_path / "other", "matlab", num_scenes=4)
    done = run_flow(other, "matlab", PREFECT_API_URL=api_url(served))
    assert done.returncode == 0, done.stderr
    assert not (other.root / ".segdata/prefect/server.json").exists()
    assert "convert-matlab" in artifacts(api_url(served))


def test_a_server_that_died_is_replaced(served: Project) -> None:
    run_flow(served, "via")
    address = json.loads((served.root / ".segdata/prefect/server.json").read_text())
    os.kill(address["pid"], signal.SIGKILL)
    done = run_flow(served, "via")
    assert done.returncode == 0, done.stderr
    assert api_url(served) != address["url"]
    with pytest.raises(OSError, match="refused"):  # the killed one took its server along
        urllib.request.urlopen(f"{address['url']}/health", timeout=5)


def test_a_second_conversion_of_the_same_set_stops_with_a_message(served: Project) -> None:
    with only_one(served.scratch_dir("locks") / "convert-via", "a test"):
        done = run_flow(served, "via")
    assert done.returncode == 2
    assert "convert via: found another process at the same work" in done.stderr
    assert run_flow(served, "via").returncode == 0


def test_bad_samples_are_loud_at_the_end_and_stop_with_strict(served: Project) -> None:
    photo = served.root / "data/raw/sample-via/photos/IMG_0001.jpg"
    whole = photo.read_bytes()
    photo.write_bytes(whole[:2000])
    try:
        done = run_flow(served, "via")
        assert done.returncode == 0
        assert "1 set aside" in done.stdout
        assert "IMG_0001.jpg" in done.stderr
        assert "WARNING: 1 error: photos set aside" in done.stderr
        digest = ShardSet.open(served.shards_dir("via")).digest
        strict = run_flow(served, "via", "--strict")
        assert strict.returncode == 2
        assert "IMG_0001.jpg: found a damaged photo" in strict.stderr
        assert "Traceback" not in strict.stderr
        assert ShardSet.open(served.shards_dir("via")).digest == digest
    finally:
        photo.write_bytes(whole)


def test_one_photo_in_two_splits_stops_with_one_message(served: Project) -> None:
    assert run_flow(served, "via").returncode == 0
    shards = ShardSet.open(served.shards_dir("via"))
    photos = served.root / "data/raw/sample-via/photos"
    train, test = (photos / f"{shards.split(split).ids[0]}.jpg" for split in ("train", "test"))
    whole = test.read_bytes()
    test.write_bytes(train.read_bytes())
    try:
        done = run_flow(served, "via")
        assert done.returncode == 2
        assert f"found the same photo in two splits: {min(train.stem, test.stem)} (" in done.stderr
        assert "Traceback" not in done.stderr
        assert ShardSet.open(served.shards_dir("via")).digest == shards.digest
    finally:
        test.write_bytes(whole)
    done = run_flow(served, "via", "--verify")
    assert done.returncode == 0, done.stderr
    assert "0 converted, 10 unchanged" in done.stdout


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("convert: {runner: ray}", "params.yaml: convert.ray_address: found null"),
        (
            "convert: {runer: threads}",
            "params.yaml: convert: found unknown key 'runer'; did you mean 'runner'?",
        ),
        ("convert: {runner: treads}", "params.yaml: convert.runner: found 'treads'; did you mean 'threads'?"),
    ],
)
def test_a_wrong_knob_is_named(served: Project, params: str, message: str) -> None:
    path = served.root / "params.yaml"
    path.write_text(f"pipelines: {{}}\n{params}\n")
    done = run_flow(served, "via")
    path.write_text("pipelines: {}\n")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
