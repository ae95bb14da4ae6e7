"""ONNX Runtime, silent: since 1.29 its Linux wheels report models and machines to their maker unless told not to.

It is told by a variable that it reads when it is loaded, so that it must be imported from here and nowhere else:

    from segdata.onnx_runtime import onnxruntime
"""

from __future__ import annotations

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as onnxruntime
