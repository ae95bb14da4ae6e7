"""What strangers send: each a clear answer in words, the server alive after it, no file left behind."""

from __future__ import annotations

import struct
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("fastapi", reason="serving needs the extra 'serve'")
pytest.importorskip("torch", reason="serving needs the extra 'serve'")
httpx = pytest.importorskip("httpx", reason="asked with httpx")

from segdata.photo import Photo  # noqa: E402
from segdata.serving.uploads import checked_name  # noqa: E402
from segdata.web import Refused  # noqa: E402
from tests.browser import running  # noqa: E402
from tests.serving.served import app_of, asked, painted, png, scene  # noqa: E402

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


def test_large_photos_go_back_to_the_system() -> None:
    """Blocks that malloc maps by themselves: smaller ones stayed with the process, a gigabyte after a few photos."""
    core: Any = Image.core  # type: ignore[attr-defined]
    assert core.get_block_size() > 32 << 20


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
