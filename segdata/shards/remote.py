"""Shard sets at any address that fsspec knows: s3://…, gs://…, https://…, file://…, memory://….

>>> shards = open_shards("s3://bucket/streets")          # reads the manifest alone
>>> shards.statistics(["train"]).mean                    # … which answers this
>>> shards.split("val").images([0, 5]).shape             # fetches the shards of val into the local cache, then maps them
(2, 96, 128, 3)

Shards are fetched whole, a split at a time: a shuffled epoch touches all of them anyway, and a mapped local file is what
makes epochs fast. A split larger than the cache's bound is refused with both sizes. s3 and gs need no more than pyarrow;
where s3fs or gcsfs is installed, that is used, with `options` for it. Rights come from the environment, as always there,
and never stand in the address, which messages and the cache repeat.

Another server of the S3 API is named by AWS_ENDPOINT_URL, or in the address itself, as pyarrow writes it; each works with
s3fs and with pyarrow alone:

    s3://bucket/streets?endpoint_override=minio.example.org:9000&scheme=http&region=eu-central-1
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from segdata.digests import bytes_digest
from segdata.errors import ConfigError, MissingExtraError, SegdataError, ShardError, nearest
from segdata.shards.cache import Lease, Origin, ShardCache
from segdata.shards.manifest import Manifest, read_manifest
from segdata.shards.reader import ShardSet, ShardSplit
from segdata.shards.schema import MANIFEST, ShardEntry

LARGEST_MANIFEST = 2**30
PIECE = 8 * 2**20
SHARD_NAME = re.compile(r"\w[\w.-]*\.arrow", re.ASCII)
ARROW_ALONE = ("s3", "gs")
S3_PARAMETERS = ("endpoint_override", "scheme", "region")
"""pyarrow's words in an S3 address: the server as host:port, http or https (which it is unless said), its region."""


class RemoteShardSet(ShardSet):
    """A set whose shards come into the local cache when a split is opened; there they stay while anyone uses them."""

    def __init__(self, origin: _Address, manifest: Manifest, lease: Lease, cache: ShardCache) -> None:
        super().__init__(lease.place, manifest)
        self._origin, self._lease, self._cache = origin, lease, cache

    def split(self, name: str) -> ShardSplit:
        """Fetches what of the split is not yet in the cache. Raises ShardError."""
        split = super().split(name)
        self._cache.fetch(self.folder, split.entries, self._origin.download)
        return _RemoteSplit(split, self._lease)


class _RemoteSplit(ShardSplit):
    """Holds the lease, so that no process drops files that this split has yet to map."""

    def __init__(self, split: ShardSplit, lease: Lease) -> None:
        super().__init__(split.folder, split.entries, split.rows, split.size_hw)
        self._lease = lease


class _Address:
    """A folder of an fsspec file system."""

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        self.url = url
        self._files, self._root = _open_address(url, options)

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def read_manifest(self) -> bytes:
        try:
            size = self._files.size(self._path(MANIFEST))
            if size is None or size > LARGEST_MANIFEST:
                raise OSError(f"{size} bytes, more than any manifest has")
            data: bytes = self._files.cat_file(self._path(MANIFEST))
        except FileNotFoundError as error:
            raise ShardError(
                self.url, found=f"no {MANIFEST}", expected="a finished shard set", fix="Push it there first."
            ) from error
        except Exception as error:  # each file system has errors of its own
            raise _unreachable(self.url, error) from error
        return data

    def download(self, entry: ShardEntry, path: Path) -> None:
        left = entry.bytes
        try:
            with self._files.open(self._path(entry.name), "rb") as source, path.open("wb") as sink:
                while left > 0 and (piece := source.read(min(PIECE, left))):
                    sink.write(piece)
                    left -= len(piece)
        except Exception as error:
            raise _unreachable(f"{self.url.rstrip('/')}/{entry.name}", error) from error

    def has(self, shards: Mapping[str, int]) -> bool:
        self._files.invalidate_cache()
        return all(self._files.size(self._path(name)) == size for name, size in shards.items())


def open_shards(
    url: str | Path, *, cache: ShardCache | None = None, options: Mapping[str, Any] | None = None
) -> ShardSet:
    """A shard set at an address, or in a local folder (which is opened as it is).

    Raises ShardError when it is absent, damaged, or cannot be reached, ConfigError for an address nobody understands.
    """
    if isinstance(url, Path) or "://" not in url:
        return ShardSet.open(Path(url))
    cache = cache or ShardCache.from_environment(has_origin)
    _refuse_own_cache(url, cache.folder)
    address = _Address(url, options or {})
    encoded = address.read_manifest()
    manifest = _decode(url, encoded)
    shards = {entry.name: entry.bytes for entry in manifest.metadata.shards}
    key = bytes_digest(f"{url}\n{bytes_digest(encoded)}".encode())[:32]
    lease = cache.enter(key, encoded, Origin(url, shards))
    return RemoteShardSet(address, manifest, lease, cache)


def has_origin(origin: Origin) -> bool:
    """Whether all shards of a cached set lie where they came from; False also when that cannot be asked."""
    try:
        return _Address(origin.url, {}).has(origin.shards)
    except Exception:  # then the cached files may be all there is
        return False


def _decode(url: str, encoded: bytes) -> Manifest:
    """The manifest, whose shards must be plain names: they become paths in the cache."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / MANIFEST).write_bytes(encoded)
        try:
            manifest = read_manifest(Path(folder))
        except ShardError as error:
            raise ShardError(
                f"{url.rstrip('/')}/{MANIFEST}", found=error.found, expected=error.expected, fix=error.fix
            ) from error
    for entry in manifest.metadata.shards:
        if not SHARD_NAME.fullmatch(entry.name) or entry.bytes < 0:
            raise ShardError(
                f"{url.rstrip('/')}/{MANIFEST}",
                found=f"a shard named {entry.name!r} of {entry.bytes} bytes",
                expected="a plain file name that ends in .arrow",
            )
    return manifest


def _open_address(url: str, options: Mapping[str, Any]) -> tuple[Any, str]:
    try:
        import fsspec  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("fsspec", "train", "shards at an address") from error
    _refuse_secret(url)
    address, _, query = url.partition("?")
    scheme = address.partition("://")[0]
    is_s3 = scheme == "s3"
    own = _s3_options(url, query) if is_s3 else {}
    try:
        files, root = fsspec.core.url_to_fs(address if is_s3 else url, **own | dict(options))
    except ImportError as error:
        if scheme in ARROW_ALONE and not options:
            return _arrow_address(url)
        raise ConfigError(url, found=str(error), expected="a file system that is installed here") from error
    except ValueError as error:  # fsspec's word for a protocol it does not know
        raise ConfigError(url, found=str(error), expected="an address such as s3://bucket/streets") from error
    except Exception as error:
        raise _unreachable(url, error) from error
    return files, root


def _refuse_secret(url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ConfigError(url, found=str(error), expected="an address such as s3://bucket/streets") from error
    if parts.password is not None:
        raise ConfigError(
            f"{parts.scheme}://…@{parts.hostname}{parts.path}",
            found="a key or password in the address",
            expected="none, as messages and the cache repeat it",
            fix="Give rights in the environment: for s3, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        )


def _s3_options(url: str, query: str) -> dict[str, Any]:
    """What s3fs calls the parameters of an S3 address. Raises ConfigError for one that is none of them."""
    said = dict(parse_qsl(query, keep_blank_values=True))
    for name, value in said.items():
        if name not in S3_PARAMETERS:
            raise ConfigError(url, place=name, found="no parameter of an S3 address", expected=nearest(name, S3_PARAMETERS))  # fmt: skip
        if not value or (name == "scheme" and value not in ("http", "https")):
            expected = "http or https" if name == "scheme" else "a value"
            raise ConfigError(url, place=name, found=repr(value), expected=expected)
    options: dict[str, Any] = {}
    if "endpoint_override" in said:
        options["endpoint_url"] = f"{said.get('scheme', 'https')}://{said['endpoint_override']}"
    if "region" in said:
        options["client_kwargs"] = {"region_name": said["region"]}
    return options


def _arrow_address(url: str) -> tuple[Any, str]:
    """pyarrow's own S3 and GCS, which read the parameters of an address themselves."""
    from fsspec.implementations.arrow import ArrowFSWrapper  # type: ignore[import-untyped]
    from pyarrow.fs import FileSystem

    try:
        files, root = FileSystem.from_uri(url)
    except Exception as error:
        raise _unreachable(url, error) from error
    return ArrowFSWrapper(files), root


def _refuse_own_cache(url: str, cache: Path) -> None:
    """A set that lies in the cache's own folder must not be cached there: it could be the only copy."""
    scheme, _, path = url.partition("://")
    if scheme in ("file", "local") and Path(path).resolve().is_relative_to(cache):
        raise ConfigError(
            url,
            found="a set inside the cache's own folder",
            expected="a cache elsewhere, as it deletes what it holds",
            fix="Name another folder in SEGDATA_CACHE, or open the set by its path.",
        )


def _unreachable(where: str, error: Exception) -> SegdataError:
    if isinstance(error, SegdataError):
        return error
    said = " ".join(str(error).split())[:300] or type(error).__name__
    return ShardError(
        where,
        found=f"that it cannot be read ({said})",
        expected="a shard set that can be reached",
        fix="Look at the address, the network and your rights.",
    )
