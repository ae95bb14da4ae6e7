"""Questions to a Prefect server, asked as its own client asks them: what it answers with 503 is asked again.

The server's SQLite refuses a write at once, whatever its timeout, when another one came in between the reading
and the writing of its transaction (SQLITE_BUSY_SNAPSHOT). The server has then changed nothing and answers 503,
which it documents as "errors clients can retry on".
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

REPEATED = 5  # times, as prefect.client.base does by itself


def asked(url: str, body: dict[str, Any] | None = None) -> Any:
    """The answer's JSON: GET without a `body`, else POST."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    tries = 0
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            tries += 1
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE or tries > REPEATED:
                raise
            error.close()
            time.sleep(1)


def artifacts(url: str) -> dict[str, str]:
    """The newest text of each artifact of the server, by its key."""
    return {artifact["key"]: artifact["data"] for artifact in asked(f"{url}/artifacts/latest/filter", {})}
