"""What training asks of the C library."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

STEPS = """
import resource, sys
import numpy as np
from segdata.evaluation.device import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
def step():
    [np.ones(2_900_000) for _ in range(5)]  # 22 MiB each
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
step(), step()
before = faults()
for _ in range(10):
    step()
print((faults() - before) // 10)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone has these settings")
def test_freed_memory_is_used_again_without_asking_the_system() -> None:
    pages = {}
    for how in ("kept", "given back"):
        done = subprocess.run(
            [sys.executable, "-c", STEPS, how], capture_output=True, text=True, check=True, timeout=60
        )
        pages[how] = int(done.stdout)
    assert pages["kept"] < 10
    assert pages["given back"] > 100  # else the setting is of no use any more
