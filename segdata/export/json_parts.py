"""JSON files written entry by entry, so that a large set never lies in memory.

{"annotations": [
{"id": 1, …},
{"id": 2, …}
],
"categories": […]}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec


class GrowingFile:
    """A JSON object whose first member, a list or an object, grows until `close` adds the others."""

    def __init__(self, path: Path, member: str, kind: type[list[object]] | type[dict[str, object]]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        opening, self._closing = (b"[", b"]") if kind is list else (b"{", b"}")
        self._path.write_bytes(b"{" + msgspec.json.encode(member) + b": " + opening)
        self._empty = True

    def add(self, value: object, key: str | None = None) -> None:
        """One more entry on a line of its own; `key` in an object."""
        name = b"" if key is None else msgspec.json.encode(key) + b": "
        self._append((b"\n" if self._empty else b",\n") + name + msgspec.json.encode(value))
        self._empty = False

    def close(self, others: Mapping[str, object]) -> None:
        """Write the other members, in order."""
        members = [
            msgspec.json.encode(name) + b": " + msgspec.json.encode(value) for name, value in others.items()
        ]
        self._append(b"\n" + b",\n".join([self._closing, *members]) + b"}\n")

    def _append(self, text: bytes) -> None:
        with self._path.open(
            "ab"
        ) as file:  # not kept open: an export that stops half way leaves no handle behind
            file.write(text)
