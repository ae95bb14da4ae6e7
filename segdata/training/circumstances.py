"""What depends on the machine and the hour: never versioned, kept for people who compare.

.segdata/runs/sample-via/last.json:  {"seconds": 21.402, "epochs": 32, "device": "cpu", "threads": 2, "versions": {…}, …}
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import msgspec
import torch


def note_circumstances(path: Path, facts: Mapping[str, object], device: torch.device) -> None:
    """Write `facts`, and beside them the device, the threads, the platform and the versions, as JSON."""
    content = {
        **facts,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "platform": platform.platform(),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "lightning", "numpy")},
        },
    }
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
