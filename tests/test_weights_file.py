"""A file of weights that is absent or another is told before anything is converted."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from segdata.cli import main
from segdata.digests import file_digest
from segdata.errors import ConfigError, DataError
from segdata.project import Project
from segdata.weights_file import check_weights_file
from tests.projects import sample_project

ABSENT = (
    "data/weights/w.safetensors: found no such file; expected the weights that pipelines/via.yaml starts from. Put them "
    "there (dvc pull, where they are on a remote), or set model.weights in pipelines/via.yaml to null."
)


def with_weights(root: Path, weights: object) -> Project:
    project = sample_project(root, "via", num_scenes=4)
    path = project.pipeline_path("via")
    values = yaml.safe_load(path.read_text())
    values["model"]["weights"] = weights
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return project


def segdata(project: Project, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.root), *arguments])


@pytest.mark.parametrize("weights", ["data/weights/w.safetensors", {"file": "data/weights/w.safetensors"}])
def test_an_absent_file_is_named(tmp_path: Path, weights: object) -> None:
    project = with_weights(tmp_path, weights)
    with pytest.raises(DataError) as caught:
        check_weights_file(project, "via")
    assert str(caught.value) == ABSENT
    path = tmp_path / "data/weights/w.safetensors"
    path.parent.mkdir()
    path.write_bytes(b"x")
    check_weights_file(project, "via")


def test_another_digest_is_named_and_nothing_is_asked_of_names(tmp_path: Path) -> None:
    project = with_weights(tmp_path, {"file": "data/weights/w.pth", "sha256": "a" * 64})
    path = tmp_path / "data/weights/w.pth"
    path.parent.mkdir()
    path.write_bytes(b"x")
    with pytest.raises(DataError) as caught:
        check_weights_file(project, "via")
    stated = f"found SHA-256 {file_digest(path)}; expected {'a' * 64}, as pipelines/via.yaml says"
    assert str(caught.value).startswith(f"data/weights/w.pth: {stated}")
    for nothing in (None, {"torchvision": "MobileNet_V2_Weights.IMAGENET1K_V1"}):
        check_weights_file(with_weights(tmp_path, nothing), "via")
    with pytest.raises(ConfigError, match="a path inside the project"):
        check_weights_file(with_weights(tmp_path, "../w.pth"), "via")


def test_check_says_so_and_ends_with_1(tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    project = with_weights(tmp_path, "data/weights/w.safetensors")
    done = segdata(project, "check", "via")
    assert done.exit_code == 1
    assert f"  warning: it cannot be trained: {ABSENT}" in done.output.splitlines()


def test_pipelines_check_stops_before_dvc_repro(tmp_path: Path) -> None:
    project = with_weights(tmp_path, "data/weights/w.safetensors")
    model = project.pipeline("via").model.name
    (tmp_path / "params.yaml").write_text(
        f"pipelines: {{via: {{raw: sample-via, format: via, model: {model}}}}}\n"
    )
    done = segdata(project, "pipelines", "--check")
    assert (done.exit_code, done.output.strip()) == (2, f"error: {ABSENT}")


def test_a_conversion_says_at_its_start_that_training_will_miss_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flow = pytest.importorskip("flows.convert")
    project = with_weights(tmp_path, "data/weights/w.safetensors")
    said_before: list[str] = []

    def run(*_: object, **__: object) -> object:
        said_before.append(capsys.readouterr().err)
        raise KeyboardInterrupt

    monkeypatch.setattr("flows.convert.run", run)
    with pytest.raises(SystemExit):
        flow.convert_and_tell(project, "via", strict=False)
    assert said_before == [f"WARNING: via can be converted, but not trained: {ABSENT}\n"]


def test_reproducing_stops_before_the_conversion(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    project = with_weights(tmp_path, "data/weights/w.safetensors")
    path = project.pipeline_path("via")
    values = yaml.safe_load(path.read_text())
    values["published"] = {
        "metric": "x", "protocol": "mean-iou", "split": "test", "value": 0.5, "where": "x", "tolerance": 0.1,
    }  # fmt: skip
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    done = segdata(project, "reproduce", "via")
    assert (done.exit_code, done.output.strip()) == (2, f"error: {ABSENT}")
    assert not project.shards_dir("via").exists()
