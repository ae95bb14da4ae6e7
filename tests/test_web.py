"""A local app: who may ask it, what it says of errors, and how it begins and ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

pytest.importorskip("fastapi", reason="local pages need the extra 'serve'")

from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import HTMLResponse

from segdata.errors import ConfigError, DataError
from segdata.web import Refused, is_loopback, listen, local_app, page_policy, url_of
from tests.browser import chromium, running, watched

PROGRAM = """
import sys
from segdata.web import listen, local_app, page_policy, run
app = local_app("t", "127.0.0.1", policy=page_policy())
@app.get("/")
def page() -> str: return "here"
try:
    run(app, listen("127.0.0.1", int(sys.argv[1])), lambda url: print(url, flush=True))
finally:
    print("cleaned", flush=True)
"""


def app_on(host: str) -> FastAPI:
    app = local_app("t", host, policy=page_policy())

    @app.get("/numbers/{number}")
    def number(number: int) -> dict[str, int]:
        if number == 13:
            raise Refused(429, DataError("13", found="bad luck"), {"Retry-After": "3"})
        if number == 14:
            raise DataError("14", place="row 2", found="x", expected="y", fix="Mend it.")
        return {"number": number}

    @app.post("/take")
    def take() -> str:
        return "taken"

    return app


def client(host: str = "127.0.0.1", name: str = "localhost:7860") -> TestClient:
    return TestClient(app_on(host), base_url=f"http://{name}")


def test_an_answer_lets_the_browser_fetch_nothing_from_elsewhere() -> None:
    answer = client().get("/numbers/3")
    assert answer.json() == {"number": 3}
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'; script-src 'self'; " in policy and "frame-ancestors 'none'" in policy
    assert "http" not in policy and "unsafe-eval" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "'unsafe-inline' 'unsafe-eval'" in page_policy(inline_scripts=True)
    assert client().get("/docs").status_code == 404


@pytest.mark.parametrize("name", ["localhost:7860", "127.0.0.1:7860", "[::1]:9"])
def test_it_answers_to_the_names_of_this_machine(name: str) -> None:
    assert client(name=name).get("/numbers/3").status_code == 200


@pytest.mark.parametrize("name", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "10.0.0.3"])
def test_a_foreign_name_that_leads_here_is_refused(name: str) -> None:
    answer = client(name=name).get("/numbers/3")
    assert answer.status_code == 421
    assert f"Host: found '{name}'; expected a name of this machine" in answer.json()["error"]["message"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert client(host="0.0.0.0", name=name).get("/numbers/3").status_code == 200


def test_a_foreign_page_cannot_send_anything() -> None:
    own, foreign = {"Origin": "http://localhost:7860"}, {"Origin": "https://evil.example"}
    assert client().post("/take", headers=own).status_code == 200
    assert client().post("/take").status_code == 200
    answer = client().post("/take", headers=foreign)
    assert answer.status_code == 403
    assert answer.json()["error"]["found"] == "'https://evil.example'"
    assert client().post("/take", headers={"Origin": "null"}).status_code == 403
    assert client(host="0.0.0.0").post("/take", headers=foreign).status_code == 200


def test_errors_are_json_in_our_words() -> None:
    refused = client().get("/numbers/13")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
    assert refused.json() == {"error": {"message": "13: found bad luck", "where": "13", "found": "bad luck"}}
    cannot = client().get("/numbers/14")
    assert cannot.status_code == 422
    assert cannot.json()["error"] == {
        "message": "14: row 2: found x; expected y. Mend it.",
        "where": "14",
        "place": "row 2",
        "found": "x",
        "expected": "y",
        "fix": "Mend it.",
    }
    invalid = client().get("/numbers/three")
    assert invalid.status_code == 422
    assert invalid.json()["error"]["message"].startswith("/numbers/three: path.number: found Input should be")
    absent = client().get("/nothing")
    assert (absent.status_code, absent.json()["error"]["where"]) == (404, "/nothing")
    wrong = client().get("/take")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


def test_the_head_of_an_answer_is_that_of_get_without_its_body() -> None:
    httpx = pytest.importorskip("httpx", reason="asked with httpx")
    with (
        running(app_on("127.0.0.1")) as url,
        httpx.Client() as asking,
    ):  # one connection: a body would break it
        for path, status in (("/numbers/3", 200), ("/nothing", 404), ("/take", 405), ("/numbers/14", 422)):
            head, get = asking.head(url + path), asking.get(url + path)
            assert (head.status_code, head.content) == (get.status_code, b"") == (status, b"")
            same = ("content-type", "content-length", "content-security-policy", "allow")
            assert [head.headers.get(name) for name in same] == [get.headers.get(name) for name in same]


def test_which_hosts_are_this_machine_alone() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.3.4.5", "::1", "localhost"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "192.168.1.4", "example.org"))


def test_a_port_in_use_is_one_line() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert url_of(first) == f"http://127.0.0.1:{port}/"
        with pytest.raises(ConfigError) as busy:
            listen("127.0.0.1", port)
        assert str(busy.value) == (
            f"127.0.0.1:{port}: found a port in use; expected a free one. Give --port 0 for any that is free."
        )
    with listen("127.0.0.1", port):  # at once again, though connections of before may linger
        pass
    with pytest.raises(ConfigError, match="no place to listen"):
        listen("198.51.100.7", 0)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("ignored", [False, True])
def test_it_says_where_it_is_and_ends_cleanly(ending: signal.Signals, ignored: bool) -> None:
    background = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" if ignored else ""
    program = subprocess.Popen(
        [sys.executable, "-c", background + PROGRAM, "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert program.stdout is not None
    url = program.stdout.readline().strip()
    port = int(url.rpartition(":")[2].rstrip("/"))
    with socket.create_connection(("127.0.0.1", port)) as open_for_good:
        open_for_good.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert open_for_good.recv(15) == b"HTTP/1.1 200 OK"
        program.send_signal(ending)
        said, complained = program.communicate(timeout=30)
    assert said == "cleaned\n"
    if ending == signal.SIGTERM:
        assert (program.returncode, complained) == (0, "")
    else:
        assert complained.strip().endswith("KeyboardInterrupt")  # which segdata.cli makes exit code 130


def test_what_a_page_may_load_is_seen_by_the_browser() -> None:
    """A check of the checks: a foreign picture is named, and the browser does not fetch it."""
    app = app_on("127.0.0.1")

    @app.get("/good", response_class=HTMLResponse)
    def good() -> str:
        return "<title>good</title><link rel='icon' href='data:,'><p style='color: red'>nothing else</p>"

    @app.get("/bad", response_class=HTMLResponse)
    def bad() -> str:
        return "<link rel='icon' href='data:,'><img src='https://example.org/x.png'>"

    with running(app) as url, chromium() as browser:
        with watched(browser, f"{url}/good") as seen:
            assert seen.page.title() == "good"
        with pytest.raises(AssertionError, match="other hosts|console"), watched(browser, f"{url}/bad"):
            pass
