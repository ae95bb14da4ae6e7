"""Prefect's web page as people use it: one command, a run started with a click, Ctrl-C."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from segdata.project import Project
from segdata.shards import ShardSet
from tests.flows.prefect_api import artifacts, asked
from tests.flows.test_convert_flow import api_url, environment, stop_server
from tests.projects import sample_project

SECONDS = 120


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = sample_project(tmp_path_factory.mktemp("ui") / "project", "via")
    entry = {"raw": "sample-via", "format": "via", "model": "mininet"}
    (made.root / "params.yaml").write_text(yaml.safe_dump({"pipelines": {"via": entry}}))
    yield made
    stop_server(made)


def test_the_page_is_the_servers_own_a_click_converts_and_ctrl_c_ends_it(project: Project) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.ui"],
        cwd=project.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        (page,) = re.findall(r"^Prefect: (http://127\.0\.0\.1:\d+)$", process.stdout.readline(), re.M)
        url = api_url(project)
        assert url == f"{page}/api"
        settings = asked(f"{page}/ui-settings")
        assert settings["api_url"] == url  # the page asks this server, not the one at Prefect's own port
        assert settings["default_ui"] == "v1"  # the other one asks amplitude.com
        assert asked(f"{url}/admin/settings")["server"]["analytics_enabled"] is False

        until(lambda: len(asked(f"{url}/deployments/filter", {})) == 2)
        offered = {one["name"]: one for one in asked(f"{url}/deployments/filter", {})}
        assert set(offered) == {"via", "look at via once"}
        assert offered["via"]["parameters"] == {"name": "via"}
        start = f"{url}/deployments/{offered['via']['id']}/create_flow_run"
        run = asked(start, {"state": {"type": "SCHEDULED"}})["id"]
        until(lambda: asked(f"{url}/flow_runs/{run}")["state"]["type"] == "COMPLETED")
        assert len(ShardSet.open(project.shards_dir("via")).manifest.rows) == 10
        assert "10 converted" in artifacts(url)["convert-via"]
        until(lambda: "shard of via" in {one["name"] for one in asked(f"{url}/task_runs/filter", {})})
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "stopped"
    until(lambda: not Path(project.root / ".segdata/prefect/server.json").exists())
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(page, timeout=5)


def until(question: Any) -> Any:
    limit = time.monotonic() + SECONDS
    while not (answer := question()):
        assert time.monotonic() < limit
        time.sleep(0.3)
    return answer
