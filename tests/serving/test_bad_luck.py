"""Slow clients, crowds and faults: everybody gets an answer, and nobody waits for another."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="serving needs the extra 'serve'")
pytest.importorskip("torch", reason="serving needs the extra 'serve'")
httpx = pytest.importorskip("httpx", reason="asked with httpx")

from tests.browser import running  # noqa: E402
from tests.prediction.colours import ByColor, run_of  # noqa: E402
from tests.serving.served import SIZE_HW, app_of, asked, png  # noqa: E402
from tests.serving.test_bad_input import GOOD, folder  # noqa: E402, F401 - a fixture that every test uses


def head(url: str, length: int) -> bytes:
    host = urlsplit(url).netloc
    return f"POST /predict HTTP/1.1\r\nHost: {host}\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n".encode()


def test_a_slow_client_is_told_so_and_others_are_served_meanwhile() -> None:
    with running(app_of(quiet_seconds=2, upload_seconds=4, places=2)) as url:
        address = ("127.0.0.1", urlsplit(url).port or 0)
        with socket.create_connection(address) as silent, socket.create_connection(address) as dripping:
            silent.sendall(head(url, 1000) + b"begins")
            dripping.sendall(head(url, 1000))
            dripping.settimeout(20)
            while httpx.get(f"{url}/healthz").json()["requests_under_way"] < 2:
                time.sleep(0.02)
            full = httpx.post(f"{url}/predict", files={"file": ("a.jpg", GOOD)})
            assert (full.status_code, full.headers["retry-after"]) == (503, "2")
            assert "found 2 requests under way; expected fewer than 2" in full.json()["error"]["message"]
            began = time.monotonic()
            answer = b""
            while not answer:
                dripping.sendall(b"x")
                dripping.settimeout(0.1)
                try:
                    answer = dripping.recv(4096)
                except TimeoutError:
                    assert time.monotonic() - began < 20
            assert answer.startswith(b"HTTP/1.1 408")
            assert silent.recv(4096).startswith(b"HTTP/1.1 408")
        assert httpx.get(f"{url}/healthz").json()["requests_under_way"] == 0
        assert httpx.post(f"{url}/predict", files={"file": ("a.jpg", GOOD)}).status_code == 200


def test_a_client_that_goes_away_costs_its_place_no_longer() -> None:
    with running(app_of()) as url:
        with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0)) as going:
            going.sendall(head(url, 100_000) + b"begins")
            while httpx.get(f"{url}/healthz").json()["requests_under_way"] == 0:
                time.sleep(0.02)
        while httpx.get(f"{url}/healthz").json()["requests_under_way"]:
            time.sleep(0.02)
        assert httpx.post(f"{url}/predict", files={"file": ("a.jpg", GOOD)}).status_code == 200


class Held:
    """An engine that waits for a word before it answers."""

    name = "held"

    def __init__(self) -> None:
        from segdata.serving.torch_engine import TorchEngine

        self._engine = TorchEngine(run_of(ByColor(), SIZE_HW))
        self.released = threading.Event()
        self.sizes: list[int] = []

    def logits(self, images: Any) -> list[Any]:
        self.released.wait(30)
        self.sizes.append(len(images))
        return self._engine.logits(images)

    def mask(self, logits: Any, size_hw: tuple[int, int]) -> Any:
        return self._engine.mask(logits, size_hw)


def test_of_100_uploads_at_once_some_are_answered_and_the_others_told_to_come_again() -> None:
    engine = Held()
    with running(app_of(engine, places=20)) as url, ThreadPoolExecutor(100) as clients:
        limits = httpx.Limits(max_connections=None)
        with httpx.Client(timeout=60, limits=limits) as client:

            def send(number: int) -> Any:
                return client.post(f"{url}/predict", files={"file": (f"{number}.jpg", GOOD)})

            answers = [clients.submit(send, number) for number in range(100)]
            while sum(answer.done() for answer in answers) < 80:
                time.sleep(0.05)
            assert httpx.get(f"{url}/healthz").json()["requests_under_way"] == 20
            engine.released.set()
            results = [answer.result() for answer in answers]
            assert sorted(answer.status_code for answer in results) == [200] * 20 + [503] * 80
            busy = next(answer for answer in results if answer.status_code == 503)
            assert (busy.headers["retry-after"], busy.json()["error"]["where"]) == ("2", "the server")
            good = {answer.content for answer in results if answer.status_code == 200}
            assert len(good) == 1, "one photo, one mask, in whatever company it went through the network"
            assert client.post(f"{url}/predict", files={"file": ("a.jpg", GOOD)}).status_code == 200
    assert sum(engine.sizes) == 21
    assert max(engine.sizes) == 8 and engine.sizes[-1] == 1, "what waits goes together, up to the limit"


class Failing(Held):
    """Has no memory for more than one photo, and fails on one that is all floor."""

    def logits(self, images: Any) -> list[Any]:
        if len(images) > 1:
            raise MemoryError
        return super().logits(images)


def test_a_batch_that_fails_is_tried_one_by_one() -> None:
    engine = Failing()
    with running(app_of(engine)) as url, ThreadPoolExecutor(6) as clients:
        answers = [
            clients.submit(httpx.post, f"{url}/predict", files={"file": ("a.jpg", GOOD)}, timeout=60)
            for _ in range(6)
        ]
        while httpx.get(f"{url}/healthz").json()["requests_under_way"] < 6:
            time.sleep(0.02)
        engine.released.set()
        assert [answer.result().status_code for answer in answers] == [200] * 6
    assert engine.sizes == [1] * 6


def test_a_fault_of_the_network_is_a_500_and_no_more() -> None:
    class Broken(Held):
        def logits(self, images: Any) -> list[Any]:
            raise RuntimeError("out of order")

    with running(app_of(Broken())) as url:
        answer = httpx.post(f"{url}/predict", files={"file": ("a.jpg", GOOD)})
        assert answer.status_code == 500
        assert answer.json()["error"]["found"] == "a fault of its own (RuntimeError)", (
            "no inner words to strangers"
        )
        assert httpx.get(f"{url}/healthz").json() == {"status": "ok", "requests_under_way": 0}


def test_an_odd_photo_is_answered_at_its_size() -> None:
    with asked(app_of()) as client:
        for shape in ((1, 1), (1, 300), (300, 1), (5, 7)):
            pixels = np.zeros((*shape, 3), np.uint8)
            for form in ("png", "via", "coco"):
                answer = client.post(f"/predict?format={form}", files={"file": ("a.png", png(pixels))})
                assert answer.status_code == 200, (shape, form, answer.text)
