"""Where the shards of a conversion are made: threads here, processes here, or an existing Ray cluster."""

from __future__ import annotations

import os
from typing import Any

from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from segdata.errors import ConfigError, MissingExtraError
from segdata.project import ConvertParams


def build_runner(params: ConvertParams) -> TaskRunner[Any]:
    """The task runner that params.yaml asks for.

    Raises ConfigError for runner ray without an address, MissingExtraError without the extra.
    """
    workers = params.workers or os.cpu_count() or 1
    if params.runner == "threads":
        return ThreadPoolTaskRunner(max_workers=workers)
    if params.runner == "processes":
        return ProcessPoolTaskRunner(max_workers=workers)
    if params.ray_address is None:
        raise ConfigError(
            "params.yaml",
            place="convert.ray_address",
            found="null",
            expected="the address of a Ray cluster that runs, as ray://host:10001",
        )
    try:
        from prefect_ray import RayTaskRunner
    except ImportError as error:
        raise MissingExtraError.of("prefect-ray", "ray", "convert.runner: ray") from error
    runner: TaskRunner[Any] = RayTaskRunner(address=params.ray_address)
    return runner
