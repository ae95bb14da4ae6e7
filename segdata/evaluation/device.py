"""Where training and evaluation compute: the accelerator that is there, or the CPU with a sensible number of threads.

params.yaml:  device: {device: auto, threads: 0}
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from segdata.errors import ConfigError, nearest
from segdata.project import TrainParams

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


def quiet_threads() -> None:
    """Let waiting OpenMP threads sleep; has an effect only before torch is first imported.

    OpenMP threads spin while they wait for each other. On a machine that is busy with anything else, the one
    that was put aside keeps all others spinning: two threads were measured to be ten times slower than one.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def choose_device(asked: str | None, params: TrainParams) -> torch.device:
    """The torch device to compute on; sets the number of CPU threads as params.yaml says.

    Raises ConfigError for an unknown device, or one that this machine does not have.
    """
    import torch

    wanted = asked or params.device
    if wanted not in DEVICES:
        raise ConfigError("device", found=repr(wanted), fix=nearest(wanted, DEVICES))
    if params.threads:
        torch.set_num_threads(params.threads)
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if present[name]))
    if not present[wanted]:
        raise ConfigError(
            "device",
            found=f"{wanted!r}, which torch does not see on this machine",
            expected=" or ".join(repr(name) for name, there in present.items() if there),
            fix="segdata doctor says what is seen.",
        )
    return torch.device(wanted)
