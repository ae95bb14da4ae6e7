"""One Prefect server for the project, started when a flow first needs it, gone when none has needed it for a while.

A temporary server per flow run costs 12–25 s each; this one starts once, is shared by every stage of a `dvc repro`
(and by several at a time), listens on 127.0.0.1 only, and keeps its SQLite file in .segdata/prefect.
With PREFECT_API_URL set, that server is used and nothing is started.

    python -m flows.local_server stop       end it now
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import msgspec

from segdata.atomic import replace_file
from segdata.errors import SegdataError
from segdata.project import Project

IDLE_SECONDS = 240.0
"""The server ends when no flow has run for this long."""

SUPERVISOR_LOCK = "supervisor.lock"

SERVICES_OFF = (
    "CANCELLATION_CLEANUP CLEANUP_RECONCILER DB_VACUUM EVENT_LOGGER EVENT_PERSISTER FOREMAN LATE_RUNS "
    "PAUSE_EXPIRATIONS REPOSSESSOR TASK_RUN_RECORDER TRIGGERS"
).split()
"""Of Prefect's services only the scheduler runs, for flows/inbox.py: all of them take 7 % of a core while idle, it alone 1.6."""

START_SECONDS = 180.0
"""How long a flow waits for the server to come up."""


class Address(msgspec.Struct, frozen=True):
    """Where the running server is: its API URL and its supervisor's process id."""

    url: str
    pid: int


@contextlib.contextmanager
def server(project: Project) -> Iterator[str]:
    """Yield the API URL to use: PREFECT_API_URL, or the project's own server, which is started if need be."""
    given = os.environ.get("PREFECT_API_URL")
    if given:
        yield given
        return
    home = project.scratch_dir("prefect")
    leases = project.scratch_dir("prefect", "leases")
    lease = leases / uuid4().hex
    with lease.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # as long as this process lives, however it ends
        try:
            yield _running(project.root, home).url
        finally:
            lease.unlink(missing_ok=True)


def _running(root: Path, home: Path) -> Address:
    with (home / "start.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        address = read_address(home)
        if address is not None and is_held(home / SUPERVISOR_LOCK):
            return _wait(home, address)
        return _wait(home, _start(root, home))


def _start(root: Path, home: Path) -> Address:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (home / "server.log").open("ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "flows.local_server", "supervise", str(port)],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    while supervisor.poll() is None and not is_held(home / SUPERVISOR_LOCK):
        time.sleep(0.1)
    address = Address(f"http://127.0.0.1:{port}/api", supervisor.pid)
    with replace_file(home / "server.json") as temporary:
        temporary.write_bytes(msgspec.json.encode(address))
    return address


def _wait(home: Path, address: Address) -> Address:
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit:
        if is_up(address.url):
            return address
        if not is_held(home / SUPERVISOR_LOCK):
            break
        time.sleep(0.2)
    raise SegdataError(
        "Prefect server",
        found="no answer from the project's own server",
        expected=f"it to come up within {START_SECONDS:.0f} s",
        fix=f"Read {home / 'server.log'}, or set PREFECT_API_URL to a server that runs.",
    )


def read_address(home: Path) -> Address | None:
    """The address file, or None when no server was started (or the file is damaged)."""
    try:
        return msgspec.json.decode((home / "server.json").read_bytes(), type=Address)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def is_up(url: str) -> bool:
    """Whether a Prefect API answers there."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def is_held(lock: Path) -> bool:
    """Whether a living process holds this lock file. Process ids would not tell: they are given out again."""
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def supervise(port: int) -> int:
    """Run the server on `port` until it has been idle for IDLE_SECONDS or somebody stops it."""
    home = Project.find().scratch_dir("prefect")
    lock = (home / SUPERVISOR_LOCK).open("a")
    fcntl.flock(lock, fcntl.LOCK_EX)
    # With its services: one of them records tasks, and without it a run's page shows none.
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    settings = {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in SERVICES_OFF}
    settings["PREFECT_UI_API_URL"] = f"http://127.0.0.1:{port}/api"  # else the web page asks port 4200
    child = subprocess.Popen(
        command, env=settings | os.environ, stdin=subprocess.DEVNULL, preexec_fn=_end_with_the_supervisor
    )

    def stop(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    try:
        last_used = time.monotonic()
        while child.poll() is None and time.monotonic() - last_used < IDLE_SECONDS:
            if _leases(home / "leases"):
                last_used = time.monotonic()
            time.sleep(1.0)
        return 0
    finally:
        address = read_address(home)
        if address is not None and address.pid == os.getpid():
            (home / "server.json").unlink(missing_ok=True)
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(10)
        child.kill()


def _end_with_the_supervisor() -> None:
    """In the child, on Linux: be terminated when the supervisor is gone, also when it was killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG, prctl(2)


def _leases(folder: Path) -> int:
    """How many living processes hold the server; leases of dead ones are removed."""
    alive = 0
    for lease in list(folder.iterdir()):
        if is_held(lease):
            alive += 1
        else:
            lease.unlink(missing_ok=True)
    return alive


def stop(project: Project, *, if_unused: bool = False) -> None:
    """End the project's own server, if it runs; `if_unused`: unless a flow needs it."""
    home = project.scratch_dir("prefect")
    if if_unused and _leases(project.scratch_dir("prefect", "leases")):
        return
    address = read_address(home)
    if address is not None and is_held(home / SUPERVISOR_LOCK):
        with contextlib.suppress(ProcessLookupError):
            os.kill(address.pid, signal.SIGTERM)


def main(arguments: list[str]) -> int:
    match arguments:
        case ["stop"]:
            stop(Project.find())
            return 0
        case ["supervise", port]:
            return supervise(int(port))
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
