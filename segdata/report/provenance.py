"""Says which versions the page was made with, so that a figure can be traced.

Neither time nor machine nor commit stands here: the same inputs and versions give the same page. What a figure came
from is named by digests: of the pipeline file, and of the shard set.
"""

from __future__ import annotations

import platform
from importlib import metadata

import segdata

PACKAGES = (
    "torch",
    "torchvision",
    "lightning",
    "segmentation-models-pytorch",
    "pyarrow",
    "numpy",
    "pillow",
    "opencv-python-headless",
    "prefect",
    "dvc",
)


def versions() -> list[tuple[str, str]]:
    """(name, version) of segdata, Python and the packages that shape a result; none of them is imported."""
    found = [("segdata", segdata.__version__), ("python", platform.python_version())]
    for package in PACKAGES:
        try:
            found.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            found.append((package, "not installed"))
    return found
