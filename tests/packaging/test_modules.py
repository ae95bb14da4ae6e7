"""Which modules go into a packaged folder, and that what they import is among its requirements."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from segdata.packaging.modules import ROOT, copy_modules, imports_of, needed

STARTED = "segdata.serving.packaged"
LATER = {"cityscapesscripts"}
"""Imported by built-in ontologies alone, which a packaged model does not use: its classes are in its own files."""
NAMES = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "prometheus_client": "prometheus-client",
}


def test_a_module_brings_what_it_imports_and_its_packages() -> None:
    assert needed("segdata.mask_file") == [
        "segdata",
        "segdata.errors",
        "segdata.findings",
        "segdata.image_file",
        "segdata.lossy_mask",
        "segdata.mask_file",
        "segdata.ontology",
        "segdata.sample",
        "segdata.wording",
    ]


def test_what_is_packaged_is_serving_and_no_more() -> None:
    modules = needed(STARTED)
    assert {
        "segdata.serving.api",
        "segdata.export.drafts",
        "segdata.prediction.upscale",
        "segdata.web",
    } <= set(modules)
    packages = {name.split(".")[1] for name in modules if "." in name}
    assert not packages & {
        "evaluation",
        "models",
        "training",
        "shards",
        "formats",
        "conversion",
        "project",
        "commands",
    }


def test_every_import_is_among_the_requirements() -> None:
    pytest.importorskip("torch", reason="packaging needs the extras 'serve' and 'onnx'")
    from segdata.packaging.requirements import DIRECT

    missing = {}
    for name in needed(STARTED):
        path = ROOT.parent.joinpath(*name.split("."))
        path = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module]
            for module in modules:
                top = module.partition(".")[0]
                if (
                    top not in sys.stdlib_module_names | LATER | {"segdata"}
                    and NAMES.get(top, top) not in DIRECT
                ):
                    missing[top] = name
    assert missing == {}


def test_a_package_that_imports_its_neighbours_becomes_empty(tmp_path: Path) -> None:
    copy_modules(needed(STARTED), tmp_path)
    export = (tmp_path / "segdata/export/__init__.py").read_text()
    assert export.startswith('"""Masks back into the files') and "import" not in export.replace("imports", "")
    assert (tmp_path / "segdata/web.py").read_text() == (ROOT / "web.py").read_text()
    assert (tmp_path / "segdata/serving/templates/gradio.css").is_file()
    assert not list(tmp_path.rglob("*.pyc"))
    assert sorted(path.name for path in (tmp_path / "segdata/prediction").iterdir()) == [
        "__init__.py",
        "upscale.py",
    ]


def test_what_only_type_checkers_import_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "from typing import TYPE_CHECKING\nimport segdata.png\nfrom segdata import web, errors as e\n"
        "if TYPE_CHECKING:\n    from segdata.project import Project\n"
        "def f():\n    from segdata.exif import orientation_of\n    import torch\n"
    )
    assert imports_of(tmp_path / "a.py") == ["segdata.errors", "segdata.exif", "segdata.png", "segdata.web"]
