"""A model as `segdata onnx` writes it, in ONNX Runtime: what a packaged folder runs, without torch.

The logits are within 1e-4 of torch's (`prediction/onnx_file.py` holds it to that) and are brought to the photo's size by
the same rule, in numpy: a pixel in many thousands, where two classes are level, may be another.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from segdata.prediction.upscale import likeliest_at
from segdata.sample import Image, Mask


class OnnxEngine:
    """An .onnx file of segdata, on the CPU.

    threads  cores for one batch; 0: all
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that wait for each other by spinning cost more than they gain where others need the cores too.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.name = f"ONNX Runtime {onnxruntime.__version__} on cpu"

    def logits(self, images: Image) -> list[NDArray[np.float32]]:
        """float32 (h, w, C) each."""
        photos = np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32)
        logits = self._session.run(None, {"images": photos})[0]
        return [np.ascontiguousarray(one.transpose(1, 2, 0)) for one in np.asarray(logits)]

    def mask(self, logits: NDArray[np.float32], size_hw: tuple[int, int]) -> Mask:
        return likeliest_at(logits, size_hw)
