"""Bounds for what Gradio's page uploads, which goes past `uploads.py`: places, bytes and time, as for every upload."""

from __future__ import annotations

import asyncio
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segdata.errors import DataError
from segdata.serving.limits import Limits
from segdata.serving.service import TOO_LARGE, Service
from segdata.serving.uploads import AROUND, MIB
from segdata.web import Refused

PATH = "/gradio_api/upload"


class PageUploads:
    """ASGI middleware around the whole app; everything but uploads of the page passes."""

    def __init__(self, app: ASGIApp, *, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].rstrip("/").endswith(PATH):
            await self._app(scope, receive, send)
            return
        try:
            with self._service.place():
                await _bounded(self._app, scope, receive, send, self._service.limits)
        except Refused as refused:
            await refused.response()(scope, receive, send)


async def _bounded(app: ASGIApp, scope: Scope, receive: Receive, send: Send, limits: Limits) -> None:
    """Raises Refused in the place of whatever the app makes of an upload that was cut off."""
    most = limits.upload_mib * MIB + AROUND
    declared = Headers(scope=scope).get("content-length", "")
    seen, end = 0, time.monotonic() + limits.upload_seconds
    refused: Refused | None = None

    async def receive_in_time() -> Message:
        nonlocal seen, refused
        left = min(limits.quiet_seconds, end - time.monotonic())
        try:
            message = await asyncio.wait_for(receive(), max(0.01, left))
        except TimeoutError:
            found = f"{seen:,} bytes, then nothing for too long"
            refused = Refused(408, DataError("the upload", found=found), {"Connection": "close"})
            return {"type": "http.disconnect"}
        seen += len(message.get("body", b""))
        if seen > most:
            refused = _too_large(declared, limits)
            return {"type": "http.disconnect"}
        return message

    async def send_unless_refused(message: Message) -> None:
        if refused is None:
            await send(message)

    if declared.isdecimal() and int(declared) > most:
        while (await receive_in_time()).get("more_body") and refused is None:
            pass  # read as far as is allowed, so that the client sees the answer
        raise _too_large(declared, limits)
    try:
        await app(scope, receive_in_time, send_unless_refused)
    finally:
        if refused is not None:
            raise refused


def _too_large(declared: str, limits: Limits) -> Refused:
    found = f"{int(declared) / MIB:.1f} MiB" if declared.isdecimal() else "more"
    fix = "Use segdata predict, which takes any."
    error = DataError("the upload", found=found, expected=f"at most {limits.upload_mib} MiB", fix=fix)
    return Refused(TOO_LARGE, error)
