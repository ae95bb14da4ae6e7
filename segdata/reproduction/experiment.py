"""The same road as an experiment of DVC: shards, weights and scores are versioned, and what is done is not done again.

    dvc exp run convert@unh-mininet train@unh-mininet evaluate@unh-mininet \
        -S '+pipelines.unh-mininet={raw: unh-campus, format: via, model: mininet}'

flows/experiment.py runs it, without DVC's warnings of outputs that nobody has built yet.
The last line makes the pipeline one that this checkout builds: published ones are not, since most people lack their data.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from segdata.decode import read_yaml
from segdata.errors import ConfigError, SegdataError
from segdata.evaluation.score import Scores
from segdata.pipeline import Split
from segdata.project import Project
from segdata.recipe import Weights

_STAGES = ("convert", "train", "evaluate")
PATIENCE = 10.0
"""Seconds that DVC has for ending by itself after Ctrl-C."""


def why_not(project: Project, name: str) -> str | None:
    """What keeps DVC from doing it, for people; None: nothing does."""
    missing = [package for package in ("dvc", "prefect") if importlib.util.find_spec(package) is None]
    if missing:
        return f"{' and '.join(missing)} not installed"
    if not (project.root / ".dvc").is_dir() or not (project.root / ".git").exists():
        return "no repository of git and DVC"
    values = read_yaml(project.pipeline_path(name), f"pipelines/{name}.yaml")
    if isinstance(values, dict) and "base" in values:
        return (
            "a variant, and DVC watches the sections of one file; "
            f"segdata pipelines --show {name} > pipelines/{name}-full.yaml makes it one"
        )
    return None


def run_experiment(project: Project, name: str) -> None:
    """Convert, train and score as stages of DVC. Raises SegdataError when one of them stopped, KeyboardInterrupt once
    DVC has ended after Ctrl-C."""
    pipeline = project.pipeline(name)
    weights = pipeline.model.weights
    files = [weights.file] if isinstance(weights, Weights) and weights.file else []
    for left_out in keep_out_of_git(project.root, [pipeline.source.root, *files]):
        click.echo(
            f"{name}: {left_out} is kept out of git (.git/info/exclude), as it is not DVC's either: dvc add {shlex.quote(left_out)} versions it"
        )
    command = [sys.executable, "-m", "flows.experiment", *(f"{stage}@{name}" for stage in _STAGES)]
    if name not in project.params().pipelines:
        raw = pipeline.source.root.removeprefix("data/raw/")
        entry = f"{{raw: {raw}, format: {pipeline.source.format}, model: {pipeline.model.name}}}"
        command += ["-S", f"+pipelines.{name}={entry}"]
        click.echo(
            f"{name}: goes into params.yaml (pipelines.{name}), so that DVC builds it with the others from now on; take "
            "that entry out again to undo it"
        )
    # The stages call `python` and `segdata`: those of this environment.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    code = _run(command, project.root, {**os.environ, "PATH": path})
    if code:
        raise SegdataError(
            "dvc exp run",
            found=f"exit code {code}",
            expected="0",
            fix=f"What stopped it stands above. `segdata reproduce {name} --no-dvc` goes the same road without DVC.",
        )


def keep_out_of_git(root: Path, places: Sequence[str]) -> list[str]:
    """Let git overlook what DVC does not track: `dvc exp run` would commit every untracked file, gigabytes of photos.

    places  relative to the root of the project, which may be a folder of a larger repository
    Returns those that stand in .git/info/exclude since now; the file is this clone's alone. Raises ConfigError for one
    that git goes on listing all the same; nothing of it is left in the file.
    """

    def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["git", "--literal-pathspecs", *arguments],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )

    def ignored(place: str) -> int:
        """0: git ignores it, 1: it does not, 128: it is outside of the repository, or beyond a symbolic link."""
        # It takes no --literal-pathspecs: with the index it would take another file that fits "t*" for this one.
        asked = ["git", "check-ignore", "-q", "--no-index", f"./{place}"]
        return subprocess.run(asked, cwd=root, stderr=subprocess.DEVNULL, check=False).returncode

    exclude = Path(
        root, os.fsdecode(git("rev-parse", "--git-path", "info/exclude").stdout.removesuffix(b"\n"))
    )
    start = os.fsdecode(git("rev-parse", "--show-prefix").stdout.removesuffix(b"\n"))
    out = []
    for place in places:
        is_known = not (root / place).exists() or (root / f"{place}.dvc").exists()
        if is_known or ignored(place) != 1 or git("ls-files", "--", place).stdout:
            continue
        exclude.parent.mkdir(parents=True, exist_ok=True)
        before = exclude.read_bytes() if exclude.is_file() else b""
        ended = before if before.endswith(b"\n") or not before else before + b"\n"
        exclude.write_bytes(ended + os.fsencode(ignoring(start + place)) + b"\n")
        if ignored(place) != 0:
            exclude.write_bytes(before)
            raise ConfigError(
                ".git/info/exclude",
                found=f"no line that makes git ignore {place!r}: a line of a .gitignore takes it back, or its name has a "
                "line break",
                expected="git to overlook it, as DVC does not track it: `dvc exp run` would commit all its files",
                fix=f"Take that line out or rename it; dvc add {shlex.quote(place)} has DVC track it.",
            )
        out.append(place)
    return out


def ignoring(path: str) -> str:
    """The line of a .gitignore at the top of the repository that is about this path alone.

    >>> print(ignoring("raw/fotos [2024]"))
    /raw/fotos \\[2024]
    """
    escaped = re.sub(r"[\\*?\[]", r"\\\g<0>", path)
    bare = escaped.rstrip(" ")
    return "/" + bare + "\\ " * (len(escaped) - len(bare))


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> int:
    """The exit code of a command. After Ctrl-C it is waited for: killed at once, DVC would leave its locks behind."""
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            try:
                process.wait(PATIENCE)  # a terminal tells both
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)  # somebody told this process alone
                process.wait()
            raise


def read_scores(project: Project, name: str, split: Split) -> Scores:
    """What the stage `evaluate` wrote."""
    content = (project.scored_dir(name, split) / "metrics.json").read_bytes()
    return msgspec.json.decode(content, type=Scores)
