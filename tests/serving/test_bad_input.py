"""What strangers send: each a clear answer in words, the server alive after it, no file left behind."""

from __future__ import annotations

import socket
import struct
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="serving needs the extra 'serve'")
pytest.importorskip("torch", reason="serving needs the extra 'serve'")
httpx = pytest.importorskip("httpx", reason="asked with httpx")

from segdata.photo import Photo  # noqa: E402
from segdata.serving.uploads import checked_name  # noqa: E402
from segdata.web import Refused  # noqa: E402
from tests.browser import running  # noqa: E402
from tests.prediction.colours import ByColor, run_of  # noqa: E402
from tests.serving.served import SIZE_HW, app_of, asked, painted, png, scene  # noqa: E402

GOOD = png(painted(scene()), "JPEG", quality=95)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Temporary files go to a folder of the test's own, and none is left in it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert list(tmp_path.iterdir()) == []


def huge_png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "data", "status", "words"),
    [
        (
            "notes.txt",
            b"dear diary",
            415,
            "notes.txt: found a file that is no readable image; expected one of JPEG",
        ),
        ("empty.jpg", b"", 415, "empty.jpg: found a file that is no readable image"),
        ("page.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "no readable image"),
        ("moving.gif", b"GIF89a" + bytes(20), 415, "no readable image"),
        ("cut.jpg", GOOD[: len(GOOD) // 2], 422, "cut.jpg: found a damaged photo"),
        ("huge.png", huge_png_header(50_000, 50_000), 413, "huge.png: found"),
        (
            "large.png",
            huge_png_header(10_000, 9_000),
            413,
            "large.png: found a photo of 9000x10000 (height x width); expected at most 64 million pixels",
        ),
    ],
)
def test_what_is_no_photo_or_too_large_a_one(name: str, data: bytes, status: int, words: str) -> None:
    with asked(app_of()) as client:
        answer = client.post("/predict", files={"file": (name, data)})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
        assert words in answer.json()["error"]["message"]
        assert client.post("/predict", files={"file": ("good.jpg", GOOD)}).status_code == 200


def test_a_header_is_enough_to_refuse_a_large_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PNG whose EXIF stands behind its pixels would be decoded in search of it."""
    monkeypatch.setattr(Photo, "open", lambda *given: pytest.fail("decoded before it was measured"))
    with asked(app_of()) as client:
        data = huge_png_header(10_000, 9_000).replace(b"IEND", b"eXIf")
        assert client.post("/predict", files={"file": ("a.png", data)}).status_code == 413


def test_a_jpeg_of_countless_scans_is_refused_an_ordinary_one_is_not() -> None:
    progressive = png(painted(scene()), "JPEG", progressive=True)
    last = progressive[progressive.rindex(b"\xff\xda") : -2]
    with asked(app_of()) as client:
        assert client.post("/predict", files={"file": ("a.jpg", progressive)}).status_code == 200
        endless = progressive[:-2] + 60 * last + progressive[-2:]
        answer = client.post("/predict", files={"file": ("endless.jpg", endless)})
        assert answer.status_code == 413
        assert (
            "endless.jpg: found a JPEG of 70 scans; expected at most 64" in answer.json()["error"]["message"]
        )


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({"files": {"image": ("a.jpg", GOOD)}}, 400, "found the field 'image'; expected 'file' alone"),
        ({"files": {"file": ("a.jpg", GOOD), "more": (None, "text")}}, 400, "found the field 'more'"),
        ({"files": {"other": (None, "text")}}, 400, "found the fields ['other']; expected a file as 'file'"),
        (
            {"files": {"file": (None, "C:\\photo.jpg")}},
            400,
            "found text in the field 'file'; expected a file",
        ),
        ({"data": {"file": "a.jpg"}}, 415, "Content-Type: found 'application/x-www-form-urlencoded'"),
        ({"json": {"file": "a.jpg"}}, 415, "Content-Type: found 'application/json'"),
        ({}, 415, "Content-Type: found ''"),
        (
            {"files": [("file", ("a.jpg", GOOD)), ("file", ("b.jpg", GOOD))]},
            400,
            "found 2 files; expected one",
        ),
        (
            {"content": b"no boundary", "headers": {"Content-Type": "multipart/form-data"}},
            400,
            "a form that cannot be read",
        ),
        (
            {"content": b"junk", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
            400,
            "a form that cannot be read",
        ),
    ],
)
def test_a_form_that_is_not_as_expected(sent: dict[str, Any], status: int, words: str) -> None:
    with asked(app_of()) as client:
        answer = client.post("/predict", **sent)
        assert answer.status_code == status, answer.text
        assert words in answer.json()["error"]["message"]
        if status == 400:
            assert (
                "curl -F file=@photo.jpg" in answer.json()["error"]["fix"] or "takes several" in answer.text
            )


@pytest.mark.parametrize(
    "name", ["../../etc/cron.d/x.jpg", "/etc/passwd", "C:\\x.jpg", "a/b.jpg", "..", "x\x00.jpg", "n" * 300]
)
def test_a_name_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        checked_name(name)
    assert refused.value.status == 400
    assert "expected a name without folders" in str(refused.value)
    if "\x00" not in name and "\\" not in name:
        with asked(app_of()) as client:
            for path in ("/predict", "/predict/batch", "/prediction"):
                assert client.post(path, files={"file": (name, GOOD)}).status_code == 400, path
            quoted = client.post(
                "/predict", params={"name": name}, content=GOOD, headers={"Content-Type": "image/jpeg"}
            )
            assert quoted.status_code == 400


def test_names_in_any_script_are_taken() -> None:
    for name in ("Straße 7.jpg", "写真.jpg", "IMG 0001 (2).JPG", ".hidden.png"):
        assert checked_name(name) == name


def test_an_upload_of_60_mb_is_refused_and_read_by_who_sends_it() -> None:
    data = GOOD + bytes(60_000_000)
    with running(app_of()) as url, httpx.Client(timeout=60) as client:
        answer = client.post(f"{url}/predict", files={"file": ("a.jpg", data)})
        assert answer.status_code == 413
        assert "found 57.2 MiB; expected at most 32 MiB" in answer.json()["error"]["message"]

        def parts() -> Iterator[bytes]:  # no length is declared
            for start in range(0, len(data), 1 << 20):
                yield data[start : start + (1 << 20)]

        answer = client.post(f"{url}/predict", content=parts(), headers={"Content-Type": "image/jpeg"})
        assert answer.status_code == 413
        assert client.post(f"{url}/predict", files={"file": ("a.jpg", GOOD)}).status_code == 200


def test_too_many_or_too_heavy_files_in_a_batch() -> None:
    with asked(app_of(batch_photos=2, upload_mib=1)) as client:
        three = [("file", (f"{number}.jpg", GOOD)) for number in range(3)]
        answer = client.post("/predict/batch", files=three)
        assert (answer.status_code, answer.json()["error"]["expected"]) == (413, "at most 2")
        heavy = [("file", ("a.jpg", GOOD)), ("file", ("b.jpg", GOOD + bytes(1 << 20)))]
        answer = client.post("/predict/batch", files=heavy)
        assert (answer.status_code, answer.headers["x-segdata-refused"]) == (200, "1")
        many = [("file", (f"{number}.jpg", b"x")) for number in range(40)]
        assert client.post("/predict/batch", files=many).status_code == 413


def head(url: str, length: int) -> bytes:
    host = urlsplit(url).netloc
    return f"POST /predict HTTP/1.1\r\nHost: {host}\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n".encode()


def test_a_slow_client_is_told_so_and_others_are_served_meanwhile() -> None:
    with running(app_of(quiet_seconds=0.4, upload_seconds=1.5, places=2)) as url:
        address = ("127.0.0.1", urlsplit(url).port or 0)
        with socket.create_connection(address) as silent, socket.create_connection(address) as dripping:
            silent.sendall(head(url, 1000) + b"begins")
            dripping.sendall(head(url, 1000))
            dripping.settimeout(20)
            assert httpx.get(f"{url}/healthz").json()["requests_under_way"] == 2
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
