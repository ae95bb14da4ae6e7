"""What training and conversion ask of the C library, seen from outside: pages asked for, and memory held."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

STEPS = """
import resource, sys
import numpy as np
from segdata.memory import keep_freed_memory
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

THREADS = """
import sys, threading
import numpy as np
from segdata.memory import share_freed_memory
if sys.argv[1] == "shared":
    share_freed_memory()
def resident_mib():
    return int(open("/proc/self/statm").read().split()[1]) * 4 / 1024
np.ones(2_000_000)  # 15 MiB: blocks of this size are kept from now on
before = resident_mib()
done, ended = [threading.Event() for _ in range(4)], threading.Event()
def work(mine):
    for _ in range(3):
        np.ones(1_900_000)
    mine.set()
    ended.wait(30)
for mine in done:  # one at a time
    threading.Thread(target=work, args=(mine,)).start()
    assert mine.wait(30)
print(round(resident_mib() - before))
ended.set()
"""

only_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone has these settings")


def measured(program: str, how: str) -> int:
    command = [sys.executable, "-c", program, how]
    return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


@only_glibc
def test_freed_memory_is_used_again_without_asking_the_system() -> None:
    assert measured(STEPS, "kept") < 10
    assert measured(STEPS, "given back") > 100  # else the setting is of no use any more


@only_glibc
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_one_thread_freed_is_there_for_the_next() -> None:
    assert measured(THREADS, "shared") < 25  # MiB: one block
    assert measured(THREADS, "each its own") > 45  # else the setting is of no use any more
