"""Ctrl-C on the road of a published result: it says how to go on, and DVC ends before segdata does."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="reproducing needs the extra 'train'")

from click.testing import CliRunner, Result

from segdata.cli import main
from segdata.project import Project
from segdata.reproduction import experiment
from segdata.training import train_pipeline
from tests.miniatures import miniature

NAME = "unh-mininet"
CHILD = """
import sys, time
try:
    open("up", "w").close()
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(1)
    open("ended in good order", "w").close()
    sys.exit(130)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return miniature(tmp_path, NAME)


def reproduce(project: Project) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.root), "reproduce", NAME])


def test_ctrl_c_in_training_names_the_command_that_was_given(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(figures: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("segdata.reproduction.road.train_pipeline", partial(train_pipeline, on_epoch=stop))
    done = reproduce(project)
    assert done.exit_code == 130
    assert f"{NAME}: stopped; `segdata reproduce {NAME}` goes on after epoch 1.\n" in done.stderr
    assert "segdata train" not in done.output


def test_ctrl_c_elsewhere_does_too(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("segdata.reproduction.road.convert", stop)
    done = reproduce(project)
    assert done.exit_code == 130
    assert done.stderr.endswith(f"\n{NAME}: stopped; `segdata reproduce {NAME}` goes on where it was.\n")


def test_dvc_ends_in_good_order_before_segdata_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "PATIENCE", 0.2)

    def press() -> None:
        while not (tmp_path / "up").exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)  # this process alone, as `kill -INT` does

    threading.Thread(target=press).start()
    with pytest.raises(KeyboardInterrupt):
        experiment._run([sys.executable, "-c", CHILD], tmp_path, dict(os.environ))
    assert (tmp_path / "ended in good order").exists()


@pytest.mark.parametrize("more", [("--no-dvc",), ("--device", "cpu")], ids=" ".join)
def test_after_ctrl_c_the_very_command_is_named(
    project: Project, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    def stop(figures: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("segdata.reproduction.road.train_pipeline", partial(train_pipeline, on_epoch=stop))
    done = CliRunner().invoke(main, ["--project", str(project.root), "reproduce", NAME, *more])
    assert done.exit_code == 130
    assert f"`segdata reproduce {NAME} {' '.join(more)}` goes on after epoch 1.\n" in done.stderr
