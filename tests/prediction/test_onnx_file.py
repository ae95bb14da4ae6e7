"""Every model as an ONNX file: ONNX Runtime gives torch's logits, for any number and size of photos."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="models need the extra 'train'")
onnxruntime = pytest.importorskip("segdata.onnx_runtime", reason="ONNX needs the extra 'onnx'").onnxruntime
pytest.importorskip("onnxscript", reason="ONNX needs the extra 'onnx'")

from segdata.errors import TrainingError  # noqa: E402
from segdata.evaluation.predict import predict_logits  # noqa: E402
from segdata.evaluation.run import Normalisation, Run, RunRecord, ValFigures  # noqa: E402
from segdata.models import build_model, model_names  # noqa: E402
from segdata.models.denseaspp import Options as DenseAsppOptions  # noqa: E402
from segdata.models.denseaspp import build as build_denseaspp  # noqa: E402
from segdata.ontology import ontology_of_names  # noqa: E402
from segdata.prediction import onnx_file  # noqa: E402
from segdata.prediction.onnx_file import write_onnx  # noqa: E402
from tests.models.test_contract import SMALL  # noqa: E402

MOST = 1e-5
"""Largest |Δ| of logits allowed, times the largest |logit| (or times 1 where all are smaller)."""

SIZES = [(1, 32, 48), (3, 33, 47), (2, 65, 40), (1, 9, 8)]
NAMES = ("wall", "door", "floor", "roof", "sky")


FEW_LAYERS: dict[str, dict[str, object]] = {
    # Fewer layers than MobileNetV2 has, as tracing takes its time with each.
    "unet": {"encoder": "resnet18", "depth": 3, "decoder_channels": [16, 8, 8]},
}


def built(name: str) -> torch.nn.Module:
    torch.manual_seed(7)
    return build_model(name, 5, FEW_LAYERS.get(name, SMALL[name]))


def run_of(network: torch.nn.Module) -> Run:
    ontology = ontology_of_names("own", NAMES)
    record = RunRecord(
        model="any",
        options={},
        classes=tuple((label.name, label.color) for label in ontology.labels),
        size_hw=(32, 48),
        normalisation=Normalisation((0.5, 0.25, 0.4), (0.25, 0.2, 0.3)),
        seed=0,
        epochs=1,
        best_epoch=1,
        select="mean_iou",
        val=ValFigures(None, None, None),
        shards="5" * 64,
    )
    return Run(record, ontology, network.eval(), torch.device("cpu"))


def check_logits(run: Run, path: Path) -> None:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [(one.name, one.shape) for one in session.get_inputs()] == [
        ("images", ["batch", 3, "height", "width"])
    ]
    assert [(one.name, one.shape) for one in session.get_outputs()] == [
        ("logits", ["batch", 5, "height", "width"])
    ]
    random = np.random.default_rng(3)
    for count, height, width in SIZES:
        photos = random.integers(0, 256, (count, height, width, 3), np.uint8)
        expected = predict_logits(run, photos).numpy()
        (found,) = session.run(None, {"images": photos.transpose(0, 3, 1, 2).astype(np.float32)})
        assert found.shape == expected.shape == (count, 5, height, width)
        assert np.abs(found - expected).max() <= MOST * max(1.0, np.abs(expected).max())


@pytest.mark.parametrize("name", model_names())
def test_onnx_runtime_gives_torch_s_logits(name: str, tmp_path: Path) -> None:
    run = run_of(built(name))
    written = write_onnx(run, tmp_path / "m.onnx")
    assert written.dynamic
    assert written.difference <= MOST * max(1.0, written.largest)
    assert written.line().startswith("photos of any size, logits within ")
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]
    check_logits(run, tmp_path / "m.onnx")


def test_a_denseaspp_that_pads_its_photos(tmp_path: Path) -> None:
    # As with MobileNetV3 or ConvNeXt before it; a convolution of their stride stands for them, as it exports in a moment.
    torch.manual_seed(1)
    network = build_denseaspp(5, DenseAsppOptions(extractor="mobilenet_v3_large", dilations=(3,), growth=8))
    network.features = torch.nn.Conv2d(3, 960, 8, stride=8)
    run = run_of(network)
    write_onnx(run, tmp_path / "m.onnx")
    check_logits(run, tmp_path / "m.onnx")


def test_the_file_says_what_its_numbers_mean(tmp_path: Path) -> None:
    write_onnx(run_of(built("mininet")), tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    said = session.get_modelmeta().custom_metadata_map
    assert json.loads(said["classes"]) == list(NAMES)
    assert json.loads(said["palette"])[:2] == [[128, 0, 0], [0, 128, 0]]
    assert json.loads(said["normalisation"]) == {"mean": [0.5, 0.25, 0.4], "std": [0.25, 0.2, 0.3]}
    assert (json.loads(said["size_hw"]), said["shards"]) == ([32, 48], "5" * 64)
    assert said["input"].startswith("RGB of 0 to 255 as float32 (N, 3, H, W)")
    assert session.get_modelmeta().producer_name == "segdata"


class OfOneSize(torch.nn.Module):
    """Asks for the size, as a network with a position table would."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        assert images.shape[2] == 32 and images.shape[3] == 48
        return images[:, :1].repeat(1, 5, 1, 1)


def test_a_model_of_one_size_leaves_the_number_of_photos_open(tmp_path: Path) -> None:
    written = write_onnx(run_of(OfOneSize()), tmp_path / "m.onnx")
    assert written.line().startswith(
        "photos of 32x48 (height x width) only, logits within 0.0e+00 of torch's"
    )
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == ["batch", 3, 32, 48]
    assert session.run(None, {"images": np.zeros((3, 3, 32, 48), np.float32)})[0].shape == (3, 5, 32, 48)


def test_a_file_that_computes_something_else_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_file, "_compare", lambda *_: (0.5, 2.0))
    with pytest.raises(
        TrainingError, match=r"logits that differ from torch's by 5.00e-01 .* No file was written"
    ):
        write_onnx(run_of(OfOneSize()), tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []
