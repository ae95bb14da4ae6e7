"""`dvc exp run` as `segdata reproduce` starts it: quiet about what was never built, and about nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("dvc")

from tests.projects import REPOSITORY

STAGES = """\
stages:
  one:
    cmd: python -c "open('made.txt', 'w').write('1')"
    outs: [made.txt]
  two:
    cmd: python -c "open('more.txt', 'w').write('2')"
    deps: [made.txt]
    outs: [more.txt]
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "dvc.yaml").write_text(STAGES)
    (tmp_path / ".gitignore").write_text("/made.txt\n/more.txt\n")
    for command in ("git init -q", "dvc init -q", "git add -A", "git commit -qm start"):
        assert run(tmp_path, *command.split()).returncode == 0
    return tmp_path


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(REPOSITORY),
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(folder / ".dvc/tmp/site"),
        **{f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }  # fmt: skip
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_outputs_that_were_never_built_are_no_warning(repository: Path) -> None:
    done = run(repository, sys.executable, "-m", "flows.experiment", "two")
    assert done.returncode == 0, done.stderr
    assert "No file hash info" not in done.stdout + done.stderr
    assert "Running stage 'two'" in done.stdout
    assert (repository / "more.txt").read_text() == "2"


def test_dvc_itself_still_warns_in_these_words(repository: Path) -> None:
    """When this fails, DVC has changed and flows/experiment.py has nothing to leave out any more, or the wrong words."""
    done = run(repository, sys.executable, "-m", "dvc", "exp", "run", "two")
    assert done.stderr.count("No file hash info found for '") == 2
    assert done.stderr.count(". It won't be created.") == 2


def test_a_failing_stage_is_told_with_its_exit_code(repository: Path) -> None:
    (repository / "dvc.yaml").write_text(STAGES.replace("python -c", "false; exit 3; python -c", 1))
    done = run(repository, sys.executable, "-m", "flows.experiment", "two")
    assert done.returncode == 255  # dvc's own
    assert "failed to reproduce 'one'" in done.stderr
