"""A further format is one file and one golden folder: that of docs/how-to/add-a-format.md, in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def test_the_format_of_the_how_to_keeps_the_contract(tmp_path: Path) -> None:
    text = (PROJECT / "docs/how-to/add-a-format.md").read_text(encoding="utf-8")
    format_file, case = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    for name in ("segdata", "tests", "pyproject.toml"):
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT / name, tmp_path / name)
    (tmp_path / "segdata/formats/boxes.py").write_text(format_file, encoding="utf-8")
    (tmp_path / "tests/golden/boxes").mkdir()
    (tmp_path / "tests/golden/boxes/case.py").write_text(case, encoding="utf-8")
    tests = ("formats/test_contract.py", "formats/test_fuzz.py", "inspection/test_formats.py")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-k", "boxes"]
        + [f"tests/{name}" for name in tests],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "SEGDATA_FUZZ": "40"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert re.search(r"\b18 passed\b", done.stdout), done.stdout[-500:]
