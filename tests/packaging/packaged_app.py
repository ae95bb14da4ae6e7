"""A packaged folder's app.py in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def started(command: Sequence[str], folder: Path) -> Iterator[str]:
    """Run it in `folder`; yields its address. It is asked to end, and must end at once, silently and without a trace."""
    temporary = folder.parent / "temporary"
    temporary.mkdir()
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "GRADIO", "VIRTUAL"))
    }
    program = subprocess.Popen(
        command,
        cwd=folder,
        env={**env, "PORT": "0", "HOST": "127.0.0.1", "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    try:
        first, second = program.stdout.readline(), program.stdout.readline()
        if "page: " not in second:
            raise AssertionError((first, second, program.communicate(timeout=30)))
        yield second.partition("page: ")[2].strip().rstrip("/")
        program.send_signal(signal.SIGTERM)
        said, complained = program.communicate(timeout=30)
        assert (program.returncode, said, complained) == (0, "", "")
        assert list(temporary.iterdir()) == []
    finally:
        program.kill()
        program.wait()
