"""Shard sets on a server with an S3 API."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from segdata.errors import ConfigError, ShardError
from segdata.shards.cache import Origin
from segdata.shards.remote import has_origin, open_shards
from tests.moto_server import KEYS, s3_server
from tests.shards.test_remote import Truth, cache_of, cached, nothing_in_memory  # noqa: F401 - a fixture that every test uses
from tests.shards.test_shard_sets import write_set


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Truth]]:
    """A server with a set at s3://bucket/streets: host:port, and what the set holds."""
    from s3fs import S3FileSystem

    folder = tmp_path_factory.mktemp("pushed") / "set"
    truth = write_set(folder, {"train": [3, 2], "val": [1]})
    with s3_server() as address, pytest.MonkeyPatch.context() as environment:
        for name, value in KEYS.items():
            environment.setenv(name, value)
        files = S3FileSystem(endpoint_url=f"http://{address}")
        files.mkdir("bucket")
        files.put(f"{folder}/", "bucket/streets/", recursive=True)
        yield address, truth


def at(address: str) -> str:
    return f"?endpoint_override={address}&scheme=http&region=us-east-1"


CLIENT = """
import sys
if sys.argv[1] == "pyarrow":
    sys.modules["s3fs"] = None
from segdata.shards.remote import open_shards
split = open_shards(sys.argv[2]).split("train")
print(type(split.images([0])).__name__, split.images([4, 0]).tobytes().hex(), "s3fs.core" in sys.modules)
"""


@pytest.mark.parametrize("said_in", ["address", "environment"])
@pytest.mark.parametrize("client", ["s3fs", "pyarrow"])
def test_a_server_of_ones_own_with_s3fs_and_with_pyarrow_alone(
    tmp_path: Path, s3: tuple[str, Truth], client: str, said_in: str
) -> None:
    address, truth = s3
    environment = os.environ | KEYS | {"SEGDATA_CACHE": str(tmp_path / "cache")}
    url = "s3://bucket/streets"
    if said_in == "address":
        url += at(address)
    else:
        environment["AWS_ENDPOINT_URL"] = f"http://{address}"
    command = [sys.executable, "-W", "error", "-c", CLIENT, client, url]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    wanted = b"".join(truth[f"train-{number:03d}"][0].tobytes() for number in (4, 0))
    assert done.stdout == f"ndarray {wanted.hex()} {client == 's3fs'}\n", done.stderr
    assert done.stderr == ""
    assert len(cached(tmp_path)) == 2


def test_an_origin_behind_a_server_is_asked_before_its_copy_goes(
    tmp_path: Path, s3: tuple[str, Truth]
) -> None:
    address, _ = s3
    cache = cache_of(tmp_path)
    open_shards(f"s3://bucket/streets{at(address)}", cache=cache).split("train")
    origin = msgspec.json.decode(
        next((tmp_path / "cache/sets").glob("*/origin.json")).read_bytes(), type=Origin
    )
    assert has_origin(origin)
    name, size = next(iter(origin.shards.items()))
    assert not has_origin(msgspec.structs.replace(origin, shards={name: size + 1}))
    assert not has_origin(msgspec.structs.replace(origin, shards={f"more-{name}": size}))
    with pytest.raises(ShardError, match=r"streets2.*: found no manifest\.parquet"):
        open_shards(f"s3://bucket/streets2{at(address)}", cache=cache)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (
            "s3://bucket/a?endpoint=h:1",
            r"endpoint: found no parameter of an S3 address; .*'endpoint_override'",
        ),
        ("s3://bucket/a?endpoint_override=", "endpoint_override: found ''; expected a value"),
        ("s3://bucket/a?scheme=ftp", "scheme: found 'ftp'; expected http or https"),
        ("s3://key:secret@bucket/a", r"s3://…@bucket/a: found a key or password in the address"),
    ],
)
def test_an_s3_address_that_is_none(tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        open_shards(url, cache=cache_of(tmp_path))
    assert "secret" not in str(caught.value).replace("SECRET_ACCESS", "")
