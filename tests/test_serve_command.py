"""`segdata serve`: what it says and refuses; it comes up, answers and ends as people expect."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("gradio", reason="serving needs the extra 'serve'")
pytest.importorskip("torch", reason="serving needs the extra 'serve'")
httpx = pytest.importorskip("httpx", reason="asked with httpx")

from segdata.cli import main  # noqa: E402
from segdata.prediction.how import How  # noqa: E402
from segdata.prediction.masks import predict_mask  # noqa: E402
from segdata.project import Project  # noqa: E402
from tests.prediction.colours import noise, photo_of  # noqa: E402
from tests.prediction.projects import SIZE_HW, make_project, run_in  # noqa: E402
from tests.serving.served import mask_in  # noqa: E402


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project")


def test_it_comes_up_answers_and_ends(project: Project, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    photo = photo_of(tmp_path, noise(40, 60))
    command = ["--project", str(project.root), "serve", "doors", "--port", "0", "--open"]
    hidden = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"}
    program = subprocess.Popen(
        [sys.executable, "-m", "segdata.cli", *command],
        env=os.environ | hidden | {"PYTHONPATH": os.getcwd()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "doors: mini_unet, 4 classes, not scored\n"
    line = program.stdout.readline()
    found = re.fullmatch(r"  page: (http://127\.0\.0\.1:\d+/)   API: \1docs   Ctrl-C ends it\n", line)
    assert found is not None, line
    url = found[1]
    answer = httpx.post(f"{url}predict", files={"file": ("photo.png", (tmp_path / "photo.png").read_bytes())})
    assert (mask_in(answer.content) == predict_mask(run_in(project), photo, How(size_hw=SIZE_HW))).all()
    page = httpx.get(url)
    assert page.status_code == 200 and "doors" in page.text
    assert not re.search(r'<(script|link)[^>]+(src|href)="(https?:)?//', page.text), (
        "nothing from other hosts"
    )
    program.send_signal(signal.SIGINT)
    said, complained = program.communicate(timeout=30)
    assert (program.returncode, said) == (130, "")
    assert complained == "  no browser to open it in here\nstopped\n"
    assert list(temporary.iterdir()) == [], "no file left behind"


def test_what_cannot_be_served_is_said_at_once(project: Project) -> None:
    def serve(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["--project", str(project.root), "serve", *arguments])
        return done.exit_code, done.output

    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        code, said = serve("doors", "--port", str(port))
    assert (code, said) == (
        2,
        f"error: 127.0.0.1:{port}: found a port in use; expected a free one. Give --port 0 for any that is free.\n",
    )
    assert serve("door")[0] == 2
    (project.run_dir("doors") / "model.json").unlink()
    code, said = serve("doors", "--port", "0", "--host", "0.0.0.0")
    assert said.startswith("WARNING: everybody who reaches 0.0.0.0 can use this model\n")
    assert code == 2 and "found no model.json; expected a finished training run" in said
