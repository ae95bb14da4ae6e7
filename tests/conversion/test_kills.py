"""A short run of kill_test.py; `python -m tests.conversion.kill_test --kills 200` is the long one."""

from __future__ import annotations

import random

from tests.conversion.kill_test import run


def test_a_killed_conversion_add_or_repair_loses_nothing() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    assert run(9, seed).total() <= 9
