"""SHA-256 of files and of decoded values: what decides whether a sample must be converted again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

_ENCODER = msgspec.json.Encoder(order="deterministic")


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bytes_digest(data: bytes | memoryview) -> str:
    """SHA-256 of bytes, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def value_digest(value: object) -> str:
    """SHA-256 of a decoded value (dicts, lists, msgspec Structs, …), whatever the order of its keys."""
    return bytes_digest(_ENCODER.encode(value))


def source_digest(paths: Iterable[Path]) -> str:
    """SHA-256 over the contents of code files, by name, whatever their order or place."""
    return value_digest(sorted((path.name, file_digest(path)) for path in paths))
