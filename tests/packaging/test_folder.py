"""A packaged folder runs by itself, without torch and without segdata's checkout, and says what it is."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

pytest.importorskip("torch", reason="packaging needs the extras 'serve' and 'onnx'")
pytest.importorskip("gradio", reason="packaging needs the extras 'serve' and 'onnx'")
pytest.importorskip("onnxscript", reason="packaging needs the extras 'serve' and 'onnx'")
httpx = pytest.importorskip("httpx", reason="asked with httpx")

from PIL import Image  # noqa: E402

from segdata.cli import main  # noqa: E402
from segdata.prediction.how import How  # noqa: E402
from segdata.prediction.masks import predict_mask  # noqa: E402
from segdata.project import Project  # noqa: E402
from tests.packaging.packaged_app import started  # noqa: E402
from tests.prediction.colours import noise, photo_of  # noqa: E402
from tests.prediction.projects import CLASSES, SIZE_HW, make_project, run_in  # noqa: E402
from tests.projects import REPOSITORY  # noqa: E402
from tests.serving.served import mask_in  # noqa: E402

WALLED = """
import importlib.abc, runpy, sys
class Wall(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {"torch", "pyarrow", "prefect", "dvc", "lightning", "segmentation_models_pytorch"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Wall())
sys.path[:] = [place for place in sys.path if place != %r]
sys.path.insert(0, "")
import segdata
assert segdata.__file__ == %r, segdata.__file__
runpy.run_path("app.py", run_name="__main__")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def folder(project: Project) -> Path:
    out = project.root / "space"
    arguments = [
        "--project",
        str(project.root),
        "package",
        "doors",
        "--out",
        str(out),
        "--licence",
        "cc-by-4.0",
    ]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert (
        done.stdout.startswith("doors: ") and "model.onnx: photos of any size, logits within" in done.stdout
    )
    assert "mini_unet, 4 classes, not scored" in done.stdout
    assert done.stderr == ""
    return out


def test_it_answers_as_segdata_predict_does(project: Project, folder: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(folder, moved)
    smooth = np.asarray(Image.fromarray(noise(6, 8)).resize((300, 200), Image.Resampling.BICUBIC))
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.fromarray(smooth).save(file, "JPEG", exif=exif)
    (tmp_path / "turned.jpg").write_bytes(file.getvalue())
    walled = WALLED % (str(REPOSITORY), str(moved / "segdata/__init__.py"))
    with started([sys.executable, "-c", walled], moved) as url:
        answer = httpx.post(f"{url}/predict", files={"file": ("turned.jpg", file.getvalue())}, timeout=30)
        facts = httpx.get(f"{url}/metadata").json()
        page = httpx.get(f"{url}/").text
    from segdata.photo import Photo

    expected = predict_mask(
        run_in(project), Photo.open(tmp_path / "turned.jpg", "turned.jpg"), How(size_hw=SIZE_HW)
    )
    mask = mask_in(answer.content)
    assert mask.shape == (300, 200)
    assert len(np.unique(mask)) > 1
    assert (mask != expected).sum() <= 6, "but for pixels where two classes are level"
    assert facts["engine"].startswith("ONNX Runtime ")
    assert [one["name"] for one in facts["classes"]] == list(CLASSES)
    assert "<gradio-app" in page


def test_the_folder_holds_what_it_says(project: Project, folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "Dockerfile",
        "LICENSE",
        "README.md",
        "app.py",
        "model",
        "requirements.txt",
        "segdata",
    ]
    assert sorted(path.name for path in (folder / "model").iterdir()) == [
        "about.json",
        "model.json",
        "model.onnx",
        "model.safetensors",
    ]
    weights = (project.run_dir("doors") / "model.safetensors").read_bytes()
    assert (folder / "model/model.safetensors").read_bytes() == weights
    pins = (folder / "requirements.txt").read_text().splitlines()
    assert all(pin.count("==") == 1 for pin in pins)
    names = [pin.partition("==")[0] for pin in pins]
    assert names == sorted(set(names))
    assert {"gradio", "onnxruntime", "numpy", "simplejpeg", "starlette", "pydantic"} <= set(names)
    assert not set(names) & {"torch", "segdata", "pyarrow", "prefect"}
    docker = (folder / "Dockerfile").read_text()
    assert docker.startswith(f"FROM python:{sys.version_info[0]}.{sys.version_info[1]}-slim\n")
    assert 'CMD ["python", "app.py"]' in docker and "HOST=0.0.0.0" in docker
    assert (folder / "LICENSE").read_text() == (REPOSITORY / "LICENSE").read_text()


def test_the_card_says_what_is_known(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    _, front, body = text.split("---\n", 2)
    space = yaml.safe_load(front)
    assert (space["sdk"], space["app_port"], space["license"]) == ("docker", 7860, "cc-by-4.0")
    assert "model-index" not in space, "no figures without a score"
    assert "It was not scored." in body
    assert "Of the weights: cc-by-4.0." in body
    assert "`" + "5" * 64 + "`" in body, "the version of the training data"
    assert "wall, door, floor, roof" in body


def test_a_folder_in_use_is_left_alone(project: Project, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    done = CliRunner().invoke(
        main, ["--project", str(project.root), "package", "doors", "--out", str(tmp_path)]
    )
    assert done.exit_code == 2
    assert "found a folder that is not empty" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("port", ["http", "-1", "65536", ""])
def test_a_port_that_is_none_is_said(
    port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from segdata.serving import packaged

    monkeypatch.setenv("PORT", port)
    with pytest.raises(SystemExit) as ended:
        packaged.main(tmp_path)
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"error: PORT: found {port!r}; expected a number from 0 to 65535\n"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (None, "No such file or directory"),
        ("{", "Input data was truncated"),
        ('{"name": "doors"}', "Object missing required field `title`"),
    ],
)
def test_a_package_that_somebody_changed_is_said(
    written: str | None,
    found: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from segdata.serving import packaged

    monkeypatch.delenv("PORT", raising=False)
    if written is not None:
        (tmp_path / "model").mkdir()
        (tmp_path / "model/about.json").write_text(written)
    with pytest.raises(SystemExit) as ended:
        packaged.main(tmp_path)
    assert ended.value.code == 2
    expected = "expected what segdata package wrote. Package the model again."
    assert capsys.readouterr().err == f"error: model/about.json: found {found}; {expected}\n"


@pytest.mark.skipif(
    "SEGDATA_FRESH_VENV" not in os.environ, reason="fetches packages: SEGDATA_FRESH_VENV=1 (make nightly)"
)
def test_its_requirements_are_enough_in_a_fresh_environment(
    project: Project, folder: Path, tmp_path: Path
) -> None:
    moved, fresh = tmp_path / "elsewhere", tmp_path / "venv"
    shutil.copytree(folder, moved)
    subprocess.run([sys.executable, "-m", "venv", str(fresh)], check=True)
    install = [str(fresh / "bin/pip"), "install", "--quiet", "-r", "requirements.txt"]
    subprocess.run(install, cwd=moved, check=True)
    photo = photo_of(tmp_path, noise(60, 80))
    with started([str(fresh / "bin/python"), "app.py"], moved) as url:
        files = {"file": ("photo.png", (tmp_path / "photo.png").read_bytes())}
        mask = mask_in(httpx.post(f"{url}/predict", files=files, timeout=30).content)
    assert (mask != predict_mask(run_in(project), photo, How(size_hw=SIZE_HW))).sum() <= 6
