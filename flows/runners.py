"""Where the shards of a conversion are made: threads here, processes here, or an existing Ray cluster."""

from __future__ import annotations

import os
from typing import Any

from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from segdata.errors import ConfigError, MissingExtraError
from segdata.project import ConvertParams
from segdata.search.cluster import check_answers


def build_runner(params: ConvertParams) -> TaskRunner[Any]:
    """The task runner that params.yaml asks for.

    Machines of a Ray cluster must see the project at the same path, and have segdata and flows installed. Raises
    ConfigError for runner ray without an address that answers, MissingExtraError without the extra.
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
            expected="the address of a Ray cluster that runs, as host:6379",
        )
    check_answers(params.ray_address.removeprefix("ray://"), "params.yaml: convert.ray_address")
    try:
        from prefect_ray import RayTaskRunner
    except ImportError as error:
        raise MissingExtraError.of("prefect-ray", "ray", "convert.runner: ray") from error
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    runner: TaskRunner[Any] = RayTaskRunner(address=params.ray_address, init_kwargs=quiet)
    return runner
