"""`segdata browse`: what it prints, what it refuses, and how it ends."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

pytest.importorskip("fastapi", reason="local pages need the extra 'serve'")

from segdata.cli import main
from segdata.project import Project
from tests.browsing.sets import write_run
from tests.projects import REPOSITORY


def segdata(project: Project, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.root), *arguments])


def test_it_serves_until_ctrl_c_and_a_model_may_look_first(project: Project) -> None:
    pytest.importorskip("torch", reason="asking a model needs the extra 'train'")
    write_run(project)
    command = [sys.executable, "-m", "segdata.cli", "--project", str(project.root), "browse", "via"]
    server = subprocess.Popen(
        [*command, "--no-open", "--port", "0", "--disagreement"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        assert server.stdout.readline() == "via: 10 photos\n"
        address = re.fullmatch(
            r"look at them: (http://127\.0\.0\.1:\d+/)   \(Ctrl-C ends it\)\n", server.stdout.readline()
        )
        assert address is not None
        with urllib.request.urlopen(f"{address[1]}api/set", timeout=30) as answer:
            assert json.load(answer)["model"]["complete"] is True
        server.send_signal(signal.SIGINT)
        said, errors = server.communicate(timeout=30)
    finally:
        server.kill()
    assert (server.returncode, said, errors) == (130, "", "stopped\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("browse", "vya"), "did you mean 'via'?"),
        (("browse", "via", "--port", "0", "--disagreement"), "found no model to ask. No trained model yet"),
        (("browse", "via", "--host", "203.0.113.7"), "Give --host 127.0.0.1."),
    ],
)
def test_what_cannot_be_shown_is_said(drawn: Project, arguments: tuple[str, ...], message: str) -> None:
    done = segdata(drawn, *arguments)
    assert done.exit_code == 2
    assert message in done.output


def test_shards_that_are_not_there_are_named(project: Project) -> None:
    (project.shards_dir("via") / "manifest.parquet").unlink()
    done = segdata(project, "browse", "via")
    assert done.exit_code == 2
    assert (
        "data/shards/via: found no manifest.parquet; expected a finished shard set. Run segdata convert NAME "
        "(dvc repro does, where params.yaml lists the pipeline), or dvc pull if the set lies on a remote."
        in done.output
    )


def test_a_list_that_is_none_is_named(drawn: Project, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("\n")
    arguments = ("export", "via", "--to", "masks", "--out", str(tmp_path / "out"))
    for listed, message in ((empty, "found no ids in"), (tmp_path / "nowhere.txt", "--ids: found")):
        done = segdata(drawn, *arguments, "--ids", str(listed))
        assert done.exit_code == 2
        assert message in done.output
    assert not (tmp_path / "out").exists()
