"""A trained run as one ONNX file that ONNX Runtime runs without segdata or torch.

    session = onnxruntime.InferenceSession("mine.onnx")
    photos = np.asarray(Image.open("IMG_1.jpg").resize((128, 96)), np.float32).transpose(2, 0, 1)[None]   # RGB, 0 … 255
    logits = session.run(None, {"images": photos})[0]            # float32 (1, classes, 96, 128)
    session.get_modelmeta().custom_metadata_map                  # classes, palette, normalisation, size_hw, shards, …

Normalisation is part of the graph, so that nobody can forget it. So is the padding that U-Nets need, in a form in which
the size may be unknown: sizes are rounded up to a multiple with symbols, where the network itself would ask.
"""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

from segdata.atomic import replace_file
from segdata.errors import ConfigError, TrainingError
from segdata.evaluation.run import Normalisation, Run
from segdata.onnx_runtime import onnxruntime
from segdata.wording import size_text

TOLERANCE = 1e-4
"""Largest difference from torch's logits that is accepted, as a share of the largest logit."""

AXES = ("batch", "height", "width")
INPUT, OUTPUT = "images", "logits"


@dataclass(frozen=True)
class Written:
    """What the file can do, and how far it was from torch on random photos.

    dynamic     whether height and width are free; the number of photos always is
    difference  largest |logit - torch's logit|
    largest     largest |logit| of torch
    """

    dynamic: bool
    size_hw: tuple[int, int]
    difference: float
    largest: float

    def line(self) -> str:
        """One line for people."""
        size = "photos of any size" if self.dynamic else f"photos of {size_text(self.size_hw)} only"
        return f"{size}, logits within {self.difference:.1e} of torch's (largest {self.largest:.3g})"


class _FromPixels(nn.Module):
    """Pixels of 0 to 255 to logits of the same size."""

    def __init__(self, network: nn.Module, normalisation: Normalisation) -> None:
        super().__init__()
        self.network = network
        self.multiple = _multiple_of(network)
        self.register_buffer("mean", torch.tensor(normalisation.mean).view(3, 1, 1) * 255)
        self.register_buffer("std", torch.tensor(normalisation.std).view(3, 1, 1) * 255)

    def forward(self, images: Tensor) -> Tensor:
        """float32 (N, 3, H, W) → logits float32 (N, C, H, W)."""
        height, width = images.shape[-2:]
        maps = (images - self.get_buffer("mean")) / self.get_buffer("std")
        if self.multiple > 1:
            whole_hw = [
                self.multiple * ((side + self.multiple - 1) // self.multiple) for side in (height, width)
            ]
            maps = functional.pad(maps, (0, whole_hw[1] - width, 0, whole_hw[0] - height), mode="replicate")
        logits: Tensor = self.network(maps)
        return logits[..., :height, :width]


def _multiple_of(network: nn.Module) -> int:
    """What a network grows its photos to multiples of (segdata.models: MiniUNet, UNet, DenseAspp); 1: nothing."""
    multiple = getattr(network, "multiple", 1)
    assert isinstance(multiple, int), multiple
    return multiple


def write_onnx(run: Run, out: Path) -> Written:
    """Write the run's network and what its numbers mean; the run must be on the CPU.

    Raises ConfigError for a name that does not end in .onnx, TrainingError where ONNX Runtime computes something else.
    """
    if out.suffix != ".onnx":
        raise ConfigError(str(out), found=f"the ending {out.suffix!r}", expected=".onnx")
    size_hw = run.record.size_hw
    module = _FromPixels(run.network, run.record.normalisation).eval()
    with replace_file(out) as temporary:
        dynamic = _export(module, size_hw, temporary)
        model = onnx.load(temporary)
        _describe(model, run, dynamic)
        onnx.save(model, temporary)
        difference, largest = _compare(module, temporary, size_hw, dynamic)
        if not difference <= TOLERANCE * max(1.0, largest):
            raise TrainingError(
                str(out),
                found=f"logits that differ from torch's by {difference:.2e} (largest {largest:.3g})",
                expected=f"at most {TOLERANCE:g} of the largest",
                fix="No file was written.",
            )
    return Written(dynamic, size_hw, difference, largest)


def _export(module: nn.Module, size_hw: tuple[int, int], path: Path) -> bool:
    """Whether height and width could be left open."""
    example = (torch.rand(2, 3, *size_hw) * 255,)
    batch, height, width = (torch.export.Dim(name, min=1) for name in AXES)
    dynamic = _takes(module, _odd_hw(size_hw))
    with _quiet():
        try:
            axes = {0: batch, 2: height, 3: width} if dynamic else {0: batch}
            exported = _exported(module, example, axes)
        except torch.onnx.OnnxExporterError:
            if not dynamic:
                raise
            exported = _exported(module, example, {0: batch})
            dynamic = False
        assert exported is not None
        exported.save(path)
    return dynamic


def _odd_hw(size_hw: tuple[int, int]) -> tuple[int, int]:
    return size_hw[0] + 5, size_hw[1] + 3


def _takes(module: nn.Module, size_hw: tuple[int, int]) -> bool:
    """Whether the network itself takes photos of another size than that of its training."""
    try:
        with torch.inference_mode():
            module(torch.zeros(1, 3, *size_hw))
    except (AssertionError, RuntimeError, ValueError):
        return False
    return True


def _exported(
    module: nn.Module, example: tuple[Tensor], axes: Mapping[int, object]
) -> torch.onnx.ONNXProgram | None:
    return torch.onnx.export(
        module,
        example,
        dynamo=True,
        dynamic_shapes=(dict(axes),),
        input_names=[INPUT],
        output_names=[OUTPUT],
        external_data=False,
        verbose=False,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter writes its progress, and what it thinks of its own internals, to the terminal."""
    levels = {name: logging.getLogger(name).level for name in ("torch.onnx", "onnxscript", "onnx_ir")}
    try:
        for name in levels:
            logging.getLogger(name).setLevel(logging.ERROR)
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _describe(model: onnx.ModelProto, run: Run, dynamic: bool) -> None:
    """Name the axes alike at both ends, and say what the numbers mean."""
    for value in (model.graph.input[0], model.graph.output[0]):
        for axis, name in zip((0, 2, 3) if dynamic else (0,), AXES, strict=False):
            value.type.tensor_type.shape.dim[axis].dim_param = name
    record = run.record
    said = {
        "model": record.model,
        "classes": run.ontology.names,
        "palette": run.ontology.palette,
        "input": "RGB of 0 to 255 as float32 (N, 3, H, W), upright; normalisation is part of the graph",
        "output": "logits float32 (N, C, H, W); the class id is the argmax over C",
        "normalisation": {"mean": record.normalisation.mean, "std": record.normalisation.std},
        "size_hw": record.size_hw,
        "shards": record.shards,
    }
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in said.items()}
    onnx.helper.set_model_props(model, texts)
    model.producer_name = "segdata"


def _compare(module: nn.Module, path: Path, size_hw: tuple[int, int], dynamic: bool) -> tuple[float, float]:
    """Largest |difference| and largest |logit| over photos of noise: the run's size, and an odd one beside it."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(0)
    difference = largest = 0.0
    for count, (height, width) in [(1, size_hw), (2, _odd_hw(size_hw) if dynamic else size_hw)]:
        photos = random.integers(0, 256, (count, 3, height, width)).astype(np.float32)
        with torch.inference_mode():
            expected = module(torch.from_numpy(photos)).numpy()
        found = np.asarray(session.run(None, {INPUT: photos})[0])
        difference = max(difference, float(np.abs(found - expected).max()))
        largest = max(largest, float(np.abs(expected).max()))
    return difference, largest
