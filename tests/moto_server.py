"""moto's server of the S3 API, in a process of its own: what DVC and `open_shards` talk to in tests."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

KEYS = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""The environment of a client."""


@contextlib.contextmanager
def s3_server() -> Iterator[str]:
    """Yield host:port of an empty server; it ends with the block."""
    if find_spec("moto") is None:
        pytest.skip("moto is not installed (pip install 'moto[server]')")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        limit = time.monotonic() + 60
        while True:
            assert server.poll() is None and time.monotonic() < limit, "moto's server does not start"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def stored(address: str, bucket: str) -> dict[str, tuple[int, str]]:
    """Key → size and ETag (MD5, for what came in one part) of every object in a bucket."""
    import boto3

    with contextlib.closing(boto3.client("s3", endpoint_url=f"http://{address}")) as client:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {
            one["Key"]: (one["Size"], one["ETag"].strip('"'))
            for page in pages
            for one in page.get("Contents", [])
        }
