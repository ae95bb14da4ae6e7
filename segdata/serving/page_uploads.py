"""Bounds for what goes past `uploads.py` to Gradio itself: places, bytes, time and disk, as for every upload.

Gradio answers more than its page asks (recordings to be cut, code to be written); what the page does not need is refused.
Of an upload that breaks off it leaves the file behind, so it is given none before all of it is here.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from tempfile import SpooledTemporaryFile

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segdata.errors import DataError, SegdataError
from segdata.serving.service import Service
from segdata.serving.uploads import AROUND, MIB, parts_of
from segdata.web import Refused

PATHS = ("/gradio_api/", "/login")
UPLOAD = "upload"
OTHERS = ("queue/join", "run/predict", "call/look", "call/v2/look", "cancel", "reset")
WRITES = "/gradio_api/deep_link"
"""A GET that writes a file."""

SMALL = 1 << 16
"""What the page sends besides photos, bytes at most."""

STRAY_SECONDS = 60.0
"""A file of Gradio's that is older and has no folder of its own belongs to no upload any more."""

_PIECE = 1 << 18


class PageUploads:
    """ASGI middleware around the whole app; everything but what is sent to Gradio passes.

    folder  where Gradio keeps uploads
    """

    def __init__(self, app: ASGIApp, *, service: Service, folder: Path) -> None:
        self._app, self._service, self._folder = app, service, folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        sends = scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if not path.startswith(WRITES) and not (sends and path.startswith(PATHS)):
            await self._app(scope, receive, send)
            return
        name = path.removeprefix(PATHS[0]).rstrip("/")
        try:
            if name == UPLOAD:
                with self._service.place():
                    self._make_room()
                    await self._once_here(
                        scope, receive, send, self._service.limits.upload_mib * MIB + AROUND
                    )
            elif name in OTHERS:
                await self._once_here(scope, receive, send, SMALL)
            else:
                raise Refused(404, DataError(path, found="nothing that takes anything"))
        except Refused as refused:
            await refused.response()(scope, receive, send)

    async def _once_here(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        """Hand a request on when its body has arrived. Raises Refused as `parts_of` does."""
        with SpooledTemporaryFile(max_size=MIB) as file:
            async for part in parts_of(Request(scope, receive), self._service.limits, most):
                file.write(part)
            size, given = file.tell(), False
            file.seek(0)

            async def again() -> Message:
                nonlocal given
                if given:
                    return await receive()
                part = file.read(_PIECE)
                given = file.tell() >= size
                return {"type": "http.request", "body": part, "more_body": not given}

            await self._app(scope, again, send)

    def _make_room(self) -> None:
        """Remove what a form without an end left. Raises Refused (503) when uploads fill their share of the disk."""
        used, before = 0, time.time() - STRAY_SECONDS
        for folder, _, names in os.walk(self._folder):
            for name in names:
                path = Path(folder, name)
                with suppress(OSError):  # gone meanwhile
                    status = path.stat()
                    if path.parent == self._folder and status.st_mtime < before:
                        path.unlink()
                    else:
                        used += status.st_size
        most = self._service.limits.kept_mib
        if used > most * MIB:
            found = f"{used // MIB} MiB of uploads that were not looked at yet"
            error = SegdataError(
                "the server", found=found, expected=f"at most {most} MiB", fix="Try again later."
            )
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, error, {"Retry-After": "60"})
