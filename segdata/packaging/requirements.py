"""The packages that a packaged folder needs, with the versions that are installed here: what was tried is what is named.

numpy==2.4.6
onnxruntime==1.31.1
"""

from __future__ import annotations

import importlib.metadata
import re

from segdata.errors import MissingExtraError

DIRECT = (
    "fastapi",
    "gradio",
    "jinja2",
    "msgspec",
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "pillow",
    "prometheus-client",
    "pycocotools",
    "python-multipart",
    "simplejpeg",
    "starlette",
    "uvicorn",
)
"""What segdata's modules in the folder import, or need to be there."""


def pinned() -> list[str]:
    """`name==version` of these and of all that they need on this system, sorted.

    Raises MissingExtraError for one that is not installed.
    """
    found: dict[str, str] = {}
    todo = list(DIRECT)
    while todo:
        name = _normal(todo.pop())
        if name in found:
            continue
        try:
            found[name] = importlib.metadata.version(name).partition("+")[0]
        except importlib.metadata.PackageNotFoundError as error:
            raise MissingExtraError.of(name, "serve,onnx", "segdata package") from error
        todo += _needs(name)
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def _needs(name: str) -> list[str]:
    from packaging.requirements import Requirement

    needed = []
    for line in importlib.metadata.requires(name) or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            needed.append(requirement.name)
            needed += _of_extras(requirement.name, requirement.extras)
    return needed


def _of_extras(name: str, extras: set[str]) -> list[str]:
    """What a package asks for in these of its extras."""
    from packaging.requirements import Requirement

    needed = []
    for line in importlib.metadata.requires(name) or []:
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is not None and any(marker.evaluate({"extra": extra}) for extra in extras):
            needed.append(requirement.name)
    return needed


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
