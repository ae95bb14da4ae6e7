"""`segdata search` as people run it, on a Ray of its own and on a cluster that is up: stopped, killed, gone on with.

Ray runs in processes of its own throughout: it starts threads and warns as it likes.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if importlib.util.find_spec("ray") is None:
    pytest.skip("searches need the extra 'ray'", allow_module_level=True)

import psutil
from click.testing import CliRunner

from segdata.cli import main
from segdata.errors import ConfigError
from segdata.pipeline import read_pipeline
from segdata.project import Project
from segdata.search.cluster import check_answers
from segdata.search.trial import TrialRecord, read_record
from segdata.search.work import work
from tests.flows.test_convert_flow import stop_server
from tests.projects import REPOSITORY, convert, folder_bytes, sample_project
from tests.search.projects import NAME, make_project
from tests.search.test_work import job_of

SECONDS = 240.0
# On two cores one trial runs at a time, and one worker has to load torch.
ALONE = {"cpus": min(2, os.cpu_count() or 1)}
HEAD = """
import os, sys
from pathlib import Path
from segdata.project import Project
from segdata.search.cluster import ray_at
with ray_at(Project(Path(sys.argv[1])), None) as ray:
    print(ray.get_runtime_context().gcs_address, os.environ["RAY_AUTH_TOKEN"], flush=True)
    sys.stdin.read()
"""
# The cluster of these tests listens on the loopback alone, where Ray by itself does not look for one.
CONVERT = """
import runpy, sys
from ray._private import ray_constants
ray_constants.ENABLE_RAY_CLUSTER = False
sys.argv = ["flows.convert", "via"]
runpy.run_module("flows.convert", run_name="__main__")
"""


def environment(**extra: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "PREFECT_"))}
    return {**kept, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", **extra}


def search_command(project: Project) -> list[str]:
    return ["--project", str(project.root), "search", NAME]


def start(project: Project, *arguments: str, **extra: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "segdata.cli", *search_command(project), *arguments],
        cwd=project.root,
        env=environment(**extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(what: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + SECONDS
    while not what():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)


def records(project: Project) -> list[TrialRecord]:
    folder = project.root / ".segdata/search" / NAME
    return [record for path in sorted(folder.glob("*/")) if (record := read_record(path)) is not None]


def epochs_kept(project: Project) -> int:
    return sum(len(record.epochs) for record in records(project))


def test_a_search_of_its_own_hears_nobody_and_leaves_nothing_after_ctrl_c(tmp_path: Path) -> None:
    search = {
        "sampler": "random",
        "trials": 3,
        "space": {"train.lr": {"loguniform": [1e-3, 1e-2]}},
        "epochs": 5000,
        "scheduler": {"name": "async-hyperband", "grace": 4000},
        "resources": ALONE,
    }
    project = make_project(tmp_path / "project", search)
    process = start(project)
    wait_for(lambda: epochs_kept(project) >= 2, process)
    family = psutil.Process(process.pid).children(recursive=True)
    heard = {
        connection.laddr.ip
        for member in [psutil.Process(process.pid), *family]
        for connection in member.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert heard and {ip.removeprefix("::ffff:") for ip in heard} == {"127.0.0.1"}
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err == (
        f"\n{NAME}: stopped; `segdata search {NAME}` goes on: finished trials stay, the others go on after their last"
        " epoch.\n"
    )
    assert out == ""
    _, alive = psutil.wait_procs(family, timeout=20)
    assert not alive
    assert not (project.root / ".segdata/ray").exists() and not list(
        Path("/tmp").glob(f"segdata-ray-*/*_{process.pid}")
    )
    kept = records(project)
    assert kept and all(record.state == "unfinished" for record in kept)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A Ray cluster that is up: its address, and what its users have in their environment."""
    project = make_project(
        tmp_path_factory.mktemp("head") / "project",
        {"sampler": "grid", "space": {"train.lr": {"choice": [1]}}},
    )
    with subprocess.Popen(
        [sys.executable, "-c", HEAD, str(project.root)],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        address, token = process.stdout.readline().split()
        yield {"address": address, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_a_killed_search_on_a_cluster_goes_on_and_comes_to_the_same(
    tmp_path: Path, cluster: dict[str, str]
) -> None:
    search = {
        "sampler": "grid",
        "space": {"train.lr": {"choice": [0.01, 0.0001]}},
        "metric": "loss",
        "epochs": 20,
        "resources": ALONE,
    }
    project, undisturbed = (make_project(tmp_path / name, search) for name in ("killed", "whole"))
    settings = {name: value for name, value in cluster.items() if name != "address"}
    at_cluster = ("--address", cluster["address"], "--device", "cpu")
    process = start(project, *at_cluster, **settings)
    wait_for(lambda: epochs_kept(project) >= 3, process)
    process.kill()
    process.communicate()
    left = [record for record in records(project) if not record.is_over]
    assert left and not (project.root / "data/search").exists()

    process = start(project, *at_cluster, **settings)
    out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, err) == (0, "")
    assert "trial 1 of 2 finished after 20 epochs, loss" in out
    assert f"{NAME}: 2 trials (2 finished); best is trial 1: loss" in out
    job = job_of(undisturbed)
    for rate in (0.01, 0.0001):
        work(job, {"train.lr": rate}, lambda *_, **__: None)
    assert sorted(records(project), key=str) == sorted(records(undisturbed), key=str)

    again = CliRunner().invoke(main, [*search_command(project), "--apply", "--address", "127.0.0.1:1"])
    assert again.exit_code == 0, again.output  # over: no cluster is asked
    assert f"pipelines/{NAME}.yaml has these values already.\n" in again.output
    names = {path.name for path in (project.root / "data/search" / NAME).iterdir()}
    assert names == {"index.html", "trials.csv", "curves.csv", "best.yaml"}


def test_tpe_draws_what_optuna_draws_and_the_best_is_applied(tmp_path: Path, cluster: dict[str, str]) -> None:
    search = {
        "sampler": "tpe",
        "trials": 4,
        "batch": 2,
        "space": {
            "train.lr": {"loguniform": [1e-4, 1e-1]},
            "model.options.aspp_channels": {"choice": [4, 8]},
        },
        "epochs": 2,
    }
    settings = {name: value for name, value in cluster.items() if name != "address"}
    project = make_project(tmp_path, search, epochs=9)
    process = start(project, "--apply", "--address", cluster["address"], **settings)
    out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, err) == (0, "")
    assert f"applied to pipelines/{NAME}.yaml\n" in out
    with (project.root / "data/search" / NAME / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    found = [(row["train.lr"], row["model.options.aspp_channels"]) for row in rows]
    assert found == as_optuna_draws([float(row["val_mean_iou"]) for row in rows])
    best = next(row for row in rows if row["rank"] == "1")
    pipeline = read_pipeline(project.pipeline_path(NAME))
    assert (str(pipeline.train.lr), str(pipeline.model.options["aspp_channels"])) == found[rows.index(best)]
    assert pipeline.train.epochs == 9


def as_optuna_draws(figures: list[float]) -> list[tuple[str, str]]:
    """What Optuna itself draws two at a time, when it is told these figures in the order of the trials."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    space = {
        "values/train.lr": optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True),
        "values/model.options.aspp_channels": optuna.distributions.CategoricalDistribution([0, 1]),
    }
    drawn = []
    for first in range(0, len(figures), 2):
        batch = [study.ask(space) for _ in range(2)]
        drawn += [
            (
                f"{trial.params['values/train.lr']:.6g}",
                ("4", "8")[trial.params["values/model.options.aspp_channels"]],
            )
            for trial in batch
        ]
        for trial, figure in zip(batch, figures[first:], strict=False):
            study.tell(trial, figure)
    return [(str(float(rate)), channels) for rate, channels in drawn]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1:1", "found no Ray cluster to work with at 127.0.0.1:1 ([Errno 111] Connection refused)"),
        ("ray://127.0.0.1:10001", "found 'ray://127.0.0.1:10001'; expected host:port of a cluster's head"),
        ("head", "found 'head'; expected host:port of a cluster's head"),
        ("127.0.0.1:99999999", "found no Ray cluster to work with at 127.0.0.1:99999999"),
    ],
)
def test_an_address_without_a_cluster_is_told_at_once(address: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check_answers(address, "search.ray_address")
    assert str(raised.value).startswith("search.ray_address: ") and words in str(raised.value)


def test_a_port_beyond_the_last_is_not_taken_modulo_65536() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert check_answers(f"127.0.0.1:{port}", "search.ray_address") == ("127.0.0.1", port)
        with pytest.raises(ConfigError, match=rf"127\.0\.0\.1:{port + 65536} \(the last port is 65535\)"):
            check_answers(f"127.0.0.1:{port + 65536}", "search.ray_address")


def test_a_conversion_on_the_cluster_gives_the_same_shards(tmp_path: Path, cluster: dict[str, str]) -> None:
    project = sample_project(tmp_path / "far", "via")
    (project.root / "params.yaml").write_text(
        f"pipelines: {{}}\nconvert: {{runner: ray, ray_address: '{cluster['address']}'}}\n"
    )
    settings = {name: value for name, value in cluster.items() if name != "address"}
    done = subprocess.run(
        [sys.executable, "-c", CONVERT],
        cwd=project.root,
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
    )
    stop_server(project)
    assert (done.returncode, done.stderr) == (0, "")
    assert "10 converted, 0 unchanged" in done.stdout and done.stdout.count("\n") == 1
    near = sample_project(tmp_path / "near", "via")
    convert(near, "via")
    assert folder_bytes(project.shards_dir("via")) == folder_bytes(near.shards_dir("via"))


def test_a_pipeline_without_a_search_says_what_to_write(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"sampler": "grid", "space": {"train.lr": {"choice": [0.1]}}})
    path = project.pipeline_path(NAME)
    path.write_text(
        json.dumps({key: value for key, value in json.loads(path.read_text()).items() if key != "search"})
    )
    done = CliRunner().invoke(main, search_command(project))
    assert done.exit_code == 2
    assert "no section 'search'" in done.output and "choice: [0.0001, 0.001, 0.01]" in done.output


def test_options_that_a_model_does_not_have_are_told_before_a_trial(tmp_path: Path) -> None:
    project = make_project(
        tmp_path / "project", {"sampler": "grid", "space": {"model.options.chanels": {"choice": [1, 2]}}}
    )
    done = CliRunner().invoke(main, search_command(project))
    assert done.exit_code == 2
    assert ".yaml: search.space: model.options: found unknown key 'chanels'; did you mean" in done.output
