"""Bounds for what goes past `uploads.py` to Gradio itself: places, bytes and time, as for every upload.

Gradio answers more than its page asks (recordings to be cut, code to be written); what the page does not need is refused.
"""

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

PATHS = ("/gradio_api/", "/login")
UPLOAD = "upload"
OTHERS = ("queue/join", "run/predict", "call/look", "call/v2/look", "cancel", "reset")
SMALL = 1 << 16
"""What the page sends besides photos, bytes at most."""


class PageUploads:
    """ASGI middleware around the whole app; everything but what is sent to Gradio passes."""

    def __init__(self, app: ASGIApp, *, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sends = scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if not sends or not scope["path"].startswith(PATHS):
            await self._app(scope, receive, send)
            return
        limits, name = self._service.limits, scope["path"].removeprefix(PATHS[0]).rstrip("/")
        try:
            if name == UPLOAD:
                with self._service.place():
                    most = limits.upload_mib * MIB + AROUND
                    await _bounded(self._app, scope, receive, send, limits, most)
            elif name in OTHERS:
                await _bounded(self._app, scope, receive, send, limits, SMALL)
            else:
                raise Refused(404, DataError(scope["path"], found="nothing that takes anything"))
        except Refused as refused:
            await refused.response()(scope, receive, send)


async def _bounded(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, limits: Limits, most: int
) -> None:
    """Raises Refused in the place of whatever the app makes of a body that was cut off."""
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
            refused = _too_large(declared, most)
            return {"type": "http.disconnect"}
        return message

    async def send_unless_refused(message: Message) -> None:
        if refused is None:
            await send(message)

    if declared.isdecimal() and int(declared) > most:
        while (await receive_in_time()).get("more_body") and refused is None:
            pass  # read as far as is allowed, so that the client sees the answer
        raise _too_large(declared, most)
    try:
        await app(scope, receive_in_time, send_unless_refused)
    finally:
        if refused is not None:
            raise refused


def _too_large(declared: str, most: int) -> Refused:
    found = f"{int(declared) / MIB:.1f} MiB" if declared.isdecimal() else "more"
    expected = f"at most {most // MIB} MiB" if most >= MIB else f"at most {most >> 10} KiB"
    fix = "Use segdata predict, which takes any."
    return Refused(TOO_LARGE, DataError("the upload", found=found, expected=expected, fix=fix))
