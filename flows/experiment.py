"""`dvc exp run` without the lines that alarm people for nothing; all else is DVC's own.

    python -m flows.experiment convert@unh-mininet train@unh-mininet evaluate@unh-mininet -S '+pipelines.unh-mininet=…'

An experiment begins with a checkout of what its stages made before. Of a pipeline that was never built dvc.lock knows
nothing, and DVC warns once per output: "No file hash info found for '…'. It won't be created." A moment later the stage
creates it. What was built and lost is told in other words, which stay.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

NEVER_BUILT = "No file hash info found for '%s'. It won't be created."
"""As dvc_data logs it, from either of two modules."""


def is_told(record: logging.LogRecord) -> bool:
    return record.msg != NEVER_BUILT


def main(arguments: Sequence[str]) -> int:
    """Run `dvc exp run` with these arguments in this process; returns its exit code."""
    from dvc.cli import main as dvc

    for module in ("hashfile", "index"):
        logging.getLogger(f"dvc_data.{module}.checkout").addFilter(is_told)
    code: int = dvc(["exp", "run", *arguments])
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
