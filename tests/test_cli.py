"""The command line: every command is shown with an example, and errors are for people."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segdata.cli import main
from segdata.doctor import EXTRAS, packages_of
from tests.projects import REPOSITORY, sample_pipeline, sample_project, write_project


def segdata(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_help_shows_every_command_with_an_example() -> None:
    shown = segdata("--help").output
    for name, command in main.commands.items():
        assert f"\n  {name} " in shown
        assert command.epilog is not None
        assert command.epilog.split("  ")[0] in shown
        assert segdata(name, "--help").exit_code == 0


def test_help_starts_without_heavy_imports() -> None:
    code = "import sys; import segdata.cli; print([n for n in ('torch', 'cv2', 'pandas', 'prefect', 'dvc') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_doctor_names_versions_and_what_is_missing(tmp_path: Path) -> None:
    here = segdata("--project", str(REPOSITORY), "doctor", "--fast")
    assert here.exit_code == 0, here.output
    assert "pyarrow" not in packages_of("core")
    for extra in EXTRAS:
        assert packages_of(extra), extra
        assert f"\n  {extra} " in here.output
    assert "prefect 3." in here.output
    nowhere = segdata("--project", str(tmp_path), "doctor", "--fast")
    assert nowhere.exit_code == 1
    assert "no params.yaml" in nowhere.output


def test_pipelines_lists_what_is_there(tmp_path: Path) -> None:
    sample_project(tmp_path, "via", num_scenes=4)
    shown = segdata("--project", str(tmp_path), "pipelines")
    assert shown.exit_code == 0
    assert shown.output.splitlines()[1].split() == ["via", "via", "mininet", "yes", "-", "-", "-"]


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (
            ("train", "epoch", 3),
            ("train", "via"),
            "pipelines/via.yaml: train: found unknown key 'epoch'; did you mean 'epochs'?",
        ),
        (
            ("source", "format", "vai"),
            ("convert", "via"),
            "source.format: found 'vai'; did you mean 'via'?",
        ),
        (("model", "name", "mininett"), ("train", "via"), "did you mean 'mininet'?"),
        (("source", "unlabelled", "raod"), ("convert", "via"), "did you mean 'road'?"),
        (("source", "ontology", "cityscapes19"), ("convert", "via"), "did you mean 'cityscapes-19'?"),
        (("shards", "size_hw", [0, 5]), ("convert", "via"), "size_hw must lie between 1 and 16384"),
        (
            ("train", "lr", "fast"),
            ("train", "via"),
            "pipelines/via.yaml: train.lr: found 'fast' (str); expected a number",
        ),
        (
            ("train", "epochs", 0),
            ("train", "via"),
            "pipelines/via.yaml: train.epochs: found 0; expected a whole number >= 1",
        ),
        (
            ("train", "lr", -1.0),
            ("train", "via"),
            "pipelines/via.yaml: train.lr: found -1.0; expected a number > 0.0",
        ),
        (
            ("source", "splits", {"method": "seeded", "recipe": "floor", "seed": 1, "test": 0.6, "val": 0.4}),
            ("convert", "via"),
            "source.splits: found test and val must leave something to train on",
        ),
    ],
)
def test_a_typo_in_a_pipeline_file_names_file_key_and_the_nearest(
    tmp_path: Path, change: tuple[str, str, object], arguments: tuple[str, ...], message: str
) -> None:
    pipeline = sample_pipeline("via")
    section, key, value = change
    pipeline[section][key] = value
    write_project(tmp_path, {"via": pipeline})
    shutil.copytree(REPOSITORY / "tests", tmp_path / "data/raw/sample-via", ignore=lambda *_: [])
    done = segdata("--project", str(tmp_path), *arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output


def test_params_and_pipeline_must_agree(tmp_path: Path) -> None:
    write_project(tmp_path, {"via": sample_pipeline("via")})
    (tmp_path / "params.yaml").write_text(
        "pipelines:\n  via: {raw: sample-via, format: voc, model: mininet}\n"
    )
    done = segdata("--project", str(tmp_path), "train", "via")
    assert done.exit_code == 2
    assert (
        "params.yaml: pipelines.via.format: found 'voc'; expected 'via', as pipelines/via.yaml says"
        in done.output
    )


def test_steps_out_of_order_say_what_to_run(tmp_path: Path) -> None:
    write_project(tmp_path, {"via": sample_pipeline("via")})
    train = segdata("--project", str(tmp_path), "train", "via")
    assert train.exit_code == 2
    assert "dvc repro" in train.output
    unknown = segdata("--project", str(tmp_path), "train", "vai")
    assert "found no pipeline 'vai'; did you mean 'via'?" in unknown.output


def test_a_pipe_that_closes_ends_a_command_without_a_word() -> None:
    command = [sys.executable, "-m", "segdata.cli", "--project", str(REPOSITORY), "pipelines"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 141
