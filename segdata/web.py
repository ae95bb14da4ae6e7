"""What `segdata serve` and `segdata browse` share: a page for the people at this machine, and for nobody else.

    app = local_app("segdata serve", "127.0.0.1", policy=page_policy())
    run(app, listen("127.0.0.1", 7860), lambda url: print(f"look at it: {url}"))

Bound to this machine alone, an app answers only to this machine's names: a page of a stranger, open in the same
browser, can neither read it under a name of its own (DNS rebinding) nor send anything to it. No answer lets the
browser fetch from another host. An error is JSON in the words of `segdata.errors`.
"""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import signal
import socket
import sys
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from types import FrameType
from typing import NoReturn
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segdata.errors import ConfigError, DataError, SegdataError

NAMES_OF_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
GRACE_SECONDS = 3
"""How long answers under way may take when the server ends; pages keep connections open for good."""

_LEAVE_AS_IT_IS = ("GET", "HEAD", "OPTIONS")


def page_policy(*, inline_scripts: bool = False, framed_by: str = "'none'") -> str:
    """The Content-Security-Policy of pages that load nothing from elsewhere.

    inline_scripts  scripts in the page's text, and text made to scripts, may run: Gradio's pages need it
    framed_by       which sites may show the pages in a frame
    """
    scripts = "'self' 'unsafe-inline' 'unsafe-eval'" if inline_scripts else "'self'"
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
        f"frame-ancestors {framed_by}"
    )


class Refused(Exception):
    """An answer of 4xx or 503 to a request, in an error's words; `headers` go with it."""

    def __init__(self, status: int, error: SegdataError, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(error))
        self.status, self.error, self.headers = status, error, dict(headers or {})

    def response(self) -> JSONResponse:
        return JSONResponse(error_body(self.error), self.status, self.headers)


def error_body(error: SegdataError) -> dict[str, dict[str, str]]:
    """An error as JSON; `message` is the whole sentence.

    >>> error_body(DataError("a.txt", found="text", expected="a photo"))["error"]["message"]
    'a.txt: found text; expected a photo'
    """
    parts = {name: getattr(error, name) for name in ("where", "place", "found", "expected", "fix")}
    return {"error": {"message": str(error), **{name: text for name, text in parts.items() if text}}}


def local_app(title: str, host: str, *, policy: str, description: str = "", version: str = "") -> FastAPI:
    """An app whose every answer carries `policy`, and that guards what listens on `host`.

    FastAPI's own pages of documentation load scripts from elsewhere, so they are left out; openapi.json is there.
    """
    app = FastAPI(title=title, description=description, version=version or "1", docs_url=None, redoc_url=None)
    app.add_middleware(Guard, policy=policy, host=host)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(SegdataError, _cannot)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)  # which is logged, too
    return app


class Guard:
    """Adds the headers, and refuses requests under foreign names or from foreign pages where only this machine may ask."""

    def __init__(self, app: ASGIApp, *, policy: str, host: str) -> None:
        self._app = app
        self._own = is_loopback(host)
        self._headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",  # with "no-referrer" forms would be sent with the origin "null"
            "Cross-Origin-Resource-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refusal(scope) if self._own else None
        app = self._app if refused is None else refused.response()
        if scope.get("method") == "HEAD":  # FastAPI's routes know GET alone; the server leaves the body out
            scope = {**scope, "method": "GET"}
        await app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Refused | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _name_in(f"//{host}") not in NAMES_OF_THIS_MACHINE:
            error = DataError(
                "Host", found=repr(host), expected="a name of this machine", fix="Open it as localhost."
            )
            return Refused(HTTPStatus.MISDIRECTED_REQUEST, error)
        origin = headers.get("origin")
        if origin is None or scope.get("method") in _LEAVE_AS_IT_IS or urlsplit(origin).netloc == host:
            return None
        return Refused(
            HTTPStatus.FORBIDDEN, DataError("Origin", found=repr(origin), expected=f"a page of {host}")
        )


def _name_in(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 is any that is free. Raises ConfigError for a port in use or a foreign host."""
    try:
        family, _, _, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(place)
            listening.listen(2048)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        busy = error.errno == errno.EADDRINUSE
        raise ConfigError(
            f"{host}:{port}",
            found="a port in use" if busy else f"no place to listen ({error.strerror or error})",
            expected="a free one" if busy else "an address of this machine",
            fix="Give --port 0 for any that is free." if busy else "Give --host 127.0.0.1.",
        ) from error
    return listening


def url_of(listening: socket.socket) -> str:
    """What to open in a browser on this machine."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)
    return f"http://{shown}:{port}/"


def run(app: ASGIApp, listening: socket.socket, ready: Callable[[str], None]) -> NoReturn:
    """Serve until Ctrl-C (KeyboardInterrupt) or SIGTERM (SystemExit 0); answers under way are finished.

    ready  is called with the address once the app answers
    Ctrl-C ends every command with 130, so this one too; SIGTERM is how services are asked to end, and no failure.
    """
    logging.getLogger("uvicorn.error").addFilter(_without_noise)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=GRACE_SECONDS
    )
    before = signal.signal(signal.SIGTERM, _ended)
    server = _Announced(config, listening, ready)
    try:
        server.run([listening])
    finally:
        signal.signal(signal.SIGTERM, before)
        listening.close()
    if server.interrupted:  # where Ctrl-C is ignored from the start: in the background of a script
        raise KeyboardInterrupt
    raise SystemExit(3)  # the app did not start; uvicorn has said why


class _Announced(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, listening: socket.socket, ready: Callable[[str], None]
    ) -> None:
        super().__init__(config)
        self._url, self._ready = url_of(listening), ready
        self.interrupted = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready(self._url)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.interrupted |= sig == signal.SIGINT
        super().handle_exit(sig, frame)


def _ended(signum: int, frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def _without_noise(record: logging.LogRecord) -> bool:
    """Connections that a page keeps open are cut at the end: nobody need hear of it."""
    return not record.getMessage().startswith("Cancel ")


def open_browser(url: str) -> bool:
    """Show the page in the browser of this machine; False where there is none to show it."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False  # a browser in the terminal would take the terminal away
    return webbrowser.open(url)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return error.response()


async def _cannot(request: Request, error: Exception) -> Response:
    assert isinstance(error, SegdataError)
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, error).response()


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    said = DataError(request.url.path, place=place, found=str(first["msg"]), fix="See /docs.")
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, said).response()


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = DataError(request.url.path, found=f"{request.method}: {error.detail}", fix="See /docs.")
    return Refused(error.status_code, said, error.headers).response()


async def _fault(request: Request, error: Exception) -> Response:
    said = SegdataError("the server", found=f"a fault of its own ({type(error).__name__})")
    return Refused(HTTPStatus.INTERNAL_SERVER_ERROR, said).response()
