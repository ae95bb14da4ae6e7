"""What every route starts from: the set that the page was made for."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request

from segdata.browsing.opened import Opened
from segdata.errors import ConfigError
from segdata.web import Refused

FRESH = {"Cache-Control": "no-store"}
LASTING = {"Cache-Control": "private, max-age=31536000, immutable"}
"""For what has all that decides it in its address."""


def the_set(key: str, request: Request) -> Opened:
    """The set as it lies there now. Raises Refused (409) when its shards are not those of the page."""
    now: Opened = request.app.state.watch.now()
    if now.key != key:
        error = ConfigError(
            now.name, found="other shards than the page was made for", fix="Load the page again."
        )
        raise Refused(HTTPStatus.CONFLICT, error)
    return now


TheSet = Annotated[Opened, Depends(the_set)]
