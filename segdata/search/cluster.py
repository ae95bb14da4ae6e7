"""Ray on this machine, for as long as a search runs: reachable from here alone, quiet, and gone without a trace after.

    .segdata/ray/session_…/        its logs and sockets; below /tmp where the project's path is too long for a socket

A local Ray gives away every port it opens to the network unless it takes the machine for one that cannot be part of a
cluster, as on macOS: then it stays on 127.0.0.1. There is no public switch; the constant is checked for its effect.
A token that only its processes know keeps other users of the machine out.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from segdata.errors import ConfigError, SegdataError
from segdata.project import Project

_WHERE = "search.ray_address"
_LOOPBACK = "127.0.0.1"
_LAST_PORT = 65535
_SOCKET = "/session_2026-01-01_00-00-00_000000_1234567/sockets/plasma_store.0"
_LONGEST_SOCKET = 107
_ATTEMPTS = 3
_STORE_BYTES = 80 * 1024 * 1024
"""Trials read shards from the disk and send a few numbers: the smallest store that Ray allows will do."""

_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000000",
}


@contextmanager
def ray_at(project: Project, address: str | None) -> Iterator[Any]:
    """The module `ray`, connected to the cluster at `address`, or to one of its own on this machine.

    Raises ConfigError for a cluster that does not answer. At the end, every process that was started is gone.
    """
    if address is None:
        own = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    else:  # somebody listens there: who does not answer soon never will
        own = {"RAY_NUM_REDIS_GET_RETRIES": "5"}
    for key, value in {**_SETTINGS, **own}.items():
        os.environ.setdefault(key, value)
    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address is not None:
            with _loopback_alone(_listens_on_loopback_alone(address)):
                _connect(ray, address, quiet)
                yield ray
            return
        with _folder(project) as folder, _loopback_alone(True):
            _start(ray, folder, quiet)
            _check_loopback(ray)
            try:
                yield ray
            finally:  # before its folder goes
                _shut_down(ray)
    finally:
        _shut_down(ray)


def _start(ray: Any, folder: Path, quiet: dict[str, Any]) -> None:
    """Start a Ray of its own. It gives its processes half a minute, which a busy machine may not have: then again.

    Raises SegdataError when it does not come up.
    """
    psutil: Any = import_module("psutil")
    for attempt in range(1, _ATTEMPTS + 1):
        before = set(psutil.Process().children(recursive=True))
        try:
            ray.init(
                address="local",
                include_dashboard=False,
                object_store_memory=_STORE_BYTES,
                _temp_dir=str(folder),
                _node_ip_address=_LOOPBACK,
                **quiet,
            )
            return
        except Exception as error:  # Ray's own kind for this is Exception
            started = set(psutil.Process().children(recursive=True)) - before
            for process in started:
                process.kill()
            psutil.wait_procs(list(started), timeout=10)
            ray.shutdown()
            if "timed out" not in str(error) or attempt == _ATTEMPTS:
                raise SegdataError(
                    "segdata search",
                    found=f"a Ray that does not start ({str(error).splitlines()[0]})",
                    expected="one that is up in half a minute",
                    fix="Is the machine very busy, or out of memory? Run it again, or give the --address of a cluster.",
                ) from error


@contextmanager
def _loopback_alone(wanted: bool) -> Iterator[None]:
    from ray._private import ray_constants

    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = before and not wanted
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def check_answers(address: str, where: str) -> tuple[str, int]:
    """Host and port of a cluster's head, where somebody listens.

    where  the key or option that names it, for messages. Raises ConfigError at once; Ray would ask for minutes.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        is_client = address.startswith("ray://")
        raise ConfigError(
            where,
            found=repr(address),
            expected="host:port of a cluster's head, as 10.0.0.5:6379",
            fix="Ray's client (ray://) cannot tell of epochs: run it on a machine of the cluster."
            if is_client
            else "",
        )
    if int(port) > _LAST_PORT:  # the system would take it modulo 65536, and ask whoever listens there
        raise _no_answer(where, address, f"the last port is {_LAST_PORT}")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise _no_answer(where, address, str(error)) from error
    return host, int(port)


def _listens_on_loopback_alone(address: str) -> bool:
    """Whether this is a cluster of this machine that no other could reach: Ray would look for it in the network."""
    if address == "auto":
        return False
    host, port = check_answers(address, _WHERE)
    if host not in (_LOOPBACK, "localhost"):
        return False
    util: Any = import_module("ray.util")
    try:
        socket.create_connection((util.get_node_ip_address(), port), timeout=10).close()
    except OSError:
        return True
    return False


def _connect(ray: Any, address: str, quiet: dict[str, Any]) -> None:
    try:
        ray.init(address=address, **quiet)
    except Exception as error:  # of a dozen kinds, from a missing token to another version of Python
        said = str(error).strip().splitlines()
        raise _no_answer(_WHERE, address, said[0] if said else type(error).__name__) from error


def _no_answer(where: str, address: str, why: str) -> ConfigError:
    return ConfigError(
        where,
        found=f"no Ray cluster to work with at {address} ({why})",
        expected="one that is up, of this version of Ray and of Python",
        fix="Start one (ray start --head), or leave the address out to work on this machine alone. Where it asks for a "
        "token, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN.",
    )


def _check_loopback(ray: Any) -> None:
    found = {node["NodeManagerAddress"] for node in ray.nodes()}
    if found != {_LOOPBACK}:
        raise SegdataError(
            "segdata search",
            found=f"a Ray that would listen on {', '.join(sorted(found))}",
            expected=f"{_LOOPBACK} alone",
            fix="This version of Ray is not known here: start a cluster yourself (ray start --head) and give --address.",
        )


@contextmanager
def _folder(project: Project) -> Iterator[Path]:
    """An empty folder for Ray's sockets and logs; removed at the end."""
    folder = project.scratch_dir() / "ray"
    shutil.rmtree(folder, ignore_errors=True)  # of a search that was killed
    if len(os.fsencode(folder)) + len(_SOCKET) > _LONGEST_SOCKET:
        folder = Path(tempfile.mkdtemp(prefix="segdata-ray-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _shut_down(ray: Any) -> None:
    """A second Ctrl-C must not leave processes behind."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ray.shutdown()
    finally:
        signal.signal(signal.SIGINT, before)
