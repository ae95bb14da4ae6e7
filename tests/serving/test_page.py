"""The page as people use it, in a headless Chromium: drop a photo, look, take the mask away, load it again."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("gradio", reason="the page needs the extra 'serve'")
pytest.importorskip("torch", reason="serving needs the extra 'serve'")
httpx = pytest.importorskip("httpx", reason="asked with httpx")

from segdata.conversion.sources import open_source  # noqa: E402
from segdata.export.drafts import draft_of  # noqa: E402
from segdata.formats import open_reader  # noqa: E402
from segdata.pipeline import HashSplits, Source  # noqa: E402
from segdata.serving import page_uploads  # noqa: E402
from segdata.serving.limits import Limits  # noqa: E402
from segdata.serving.page import mount_page, own_folder  # noqa: E402
from segdata.serving.service import Service  # noqa: E402
from tests.browser import chromium, running, screenshot, wait_for, watched  # noqa: E402
from tests.prediction.colours import COLORS, NAMES  # noqa: E402
from tests.serving.served import app_of, mask_in, painted, png, scene  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

KNOWN = ("Method not implemented.",)  # Gradio's client, when it closes a stream


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Service, Path]]:
    folder = tmp_path_factory.mktemp("examples")
    for number in range(3):
        (folder / f"example_{number}.jpg").write_bytes(png(painted(scene(90, 120 + number)), "JPEG"))
    app = app_of()
    with own_folder() as own:
        mount_page(app, own, sorted(folder.iterdir()))
        with running(app) as url:
            yield url, app.state.service, own
    assert not own.exists(), "what Gradio kept goes with the server"


@pytest.fixture(scope="module")
def page_url(server: tuple[str, Service, Path]) -> str:
    return server[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def give(page: Page, path: Path) -> None:
    page.locator("#sd-photo input[type=file]").set_input_files(path)


def shown_of(page: Page, name: str) -> None:
    """Wait until the result is that of a photo of this name."""
    page.locator(".sd-take b", has_text=name).wait_for()


def test_a_photo_its_mask_and_back_into_the_annotator(
    browser: Browser, page_url: str, tmp_path: Path
) -> None:
    photo = tmp_path / "Haus 1.png"
    photo.write_bytes(png(painted(scene(240, 320))))
    with watched(browser, page_url, known=KNOWN, accept_downloads=True) as seen:
        page = seen.page
        page.get_by_role("heading", name="Doors <of> the town").wait_for()
        page.get_by_text("mean IoU 0.50 (95 % interval 0.40 to 0.60) on 12 test photos").wait_for()
        before = {
            name: page.locator(name).bounding_box() for name in ("#sd-photo", "#sd-result", "#sd-below")
        }
        give(page, photo)
        shown_of(page, "Haus 1.png")
        assert {name: page.locator(name).bounding_box() for name in before} == before, "nothing jumps"
        assert page.locator(".sd-legend li").all_inner_texts() == [
            f"{name}\n{share}" for name, share in zip(NAMES, shares_shown(240, 320), strict=True)
        ]
        shown = page.locator(".sd-look img.sd-colours")
        left, right = page.locator("#sd-photo img").bounding_box(), shown.bounding_box()
        assert left is not None and right is not None
        assert (left["width"], left["height"], left["y"]) == pytest.approx(
            (right["width"], right["height"], right["y"]), abs=2
        ), "photo and result side by side at one size"
        assert shown.evaluate("element => getComputedStyle(element).opacity") == "0.55"
        page.locator("#sd-opacity input[type=range]").fill("80")
        page.wait_for_function("getComputedStyle(document.querySelector('.sd-colours')).opacity === '0.8'")
        screenshot(page, "serve-wide")
        with page.expect_download() as outlines:
            page.get_by_role("link", name="Outlines for VIA").click()
        with page.expect_download() as mask:
            page.get_by_role("link", name="Mask as PNG").click()
        outlines.value.save_as(tmp_path / "via_project.json")
        mask.value.save_as(tmp_path / "mask.png")
    assert (outlines.value.suggested_filename, mask.value.suggested_filename) == (
        "Haus 1.via.json",
        "Haus 1.png",
    )
    found = mask_in((tmp_path / "mask.png").read_bytes())
    assert found.shape == (240, 320) and (found == scene(240, 320)).mean() > 0.97
    assert (read_via(tmp_path).read("Haus 1").mask == draft_of(found).painted).all()


def shares_shown(height: int, width: int) -> list[str]:
    """What the legend says of the scene, by segdata predict's own mask."""
    from segdata.evaluation.predict import predict_logits
    from segdata.photo import Photo, Resize
    from segdata.prediction.masks import likeliest
    from segdata.prediction.views import Whole
    from tests.prediction.colours import ByColor, run_of
    from tests.serving.served import SIZE_HW

    run = run_of(ByColor(), SIZE_HW)
    photo = Photo.open(png(painted(scene(height, width))), "a.png")
    logits = predict_logits(run, photo.read(Resize(SIZE_HW))[None])[0]
    mask = likeliest([Whole(logits)], (height, width), len(NAMES))
    return [f"{100 * (mask == class_id).mean():.1f} %" for class_id in range(len(NAMES))]


def read_via(folder: Path) -> Any:
    classes = dict(zip(NAMES, (tuple(color) for color in COLORS.tolist()), strict=True))
    options = {"annotations": "via_project.json", "photos": ".", "class_attribute": "kind"}
    source = Source("via", str(folder), classes, HashSplits(shares={"train": 1.0}), options=options)
    return open_reader("via", open_source(source, folder, "x.yaml"))


def test_an_example_is_one_click_and_another_photo_takes_its_place(
    browser: Browser, page_url: str, tmp_path: Path
) -> None:
    with watched(browser, page_url, known=KNOWN, width=390, height=844) as seen:
        page = seen.page
        page.locator("#sd-examples .gallery-item").nth(1).click()
        shown_of(page, "example_1.jpg")
        assert page.locator(".sd-look").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no scrolling to the side"
        screenshot(page, "serve-narrow")
        page.get_by_role("button", name="Remove Image").click()
        page.get_by_text("The classes appear here").wait_for()
        assert page.get_by_role("link", name="Mask as PNG").count() == 0
        (tmp_path / "other.jpg").write_bytes(png(painted(scene()), "JPEG"))
        give(page, tmp_path / "other.jpg")
        shown_of(page, "other.jpg")


def test_what_is_no_photo_is_told_where_the_mask_would_be(
    browser: Browser, page_url: str, tmp_path: Path
) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    (tmp_path / "good.jpg").write_bytes(png(painted(scene()), "JPEG"))
    with watched(browser, page_url, known=KNOWN) as seen:
        give(seen.page, tmp_path / "broken.jpg")
        alert = seen.page.get_by_role("alert").filter(has_text="did not work")
        alert.wait_for()
        assert "broken.jpg: found a file that is no readable image" in alert.inner_text()
        screenshot(seen.page, "serve-problem")
        seen.page.get_by_role("button", name="Remove Image").click()
        give(seen.page, tmp_path / "good.jpg")
        shown_of(seen.page, "good.jpg")


def test_the_plain_form_and_the_documentation(browser: Browser, page_url: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(png(painted(scene(200, 300)), "JPEG"))
    with watched(browser, f"{page_url}/prediction", java_script_enabled=False) as seen:
        seen.page.get_by_label("Photo").set_input_files(tmp_path / "a.jpg")
        seen.page.get_by_role("button", name="Submit").click()
        seen.page.get_by_role("link", name="Outlines for VIA").wait_for()
        assert seen.page.url == f"{page_url}/prediction"
        screenshot(seen.page, "serve-plain")
    with watched(browser, f"{page_url}/docs") as seen:
        seen.page.get_by_text("/predict/batch", exact=True).wait_for()
        screenshot(seen.page, "serve-docs")


@pytest.mark.parametrize("path", ["/etc/passwd", "https://example.org/x.jpg", "data:image/png;base64,AAAA"])
def test_nobody_makes_the_page_read_another_file_or_address(page_url: str, path: str) -> None:
    photo = {"path": path, "orig_name": "x.jpg", "meta": {"_type": "gradio.FileData"}}
    asked = httpx.post(f"{page_url}/gradio_api/call/look", json={"data": [photo]}, timeout=30)
    assert asked.status_code == 200
    event = asked.json()["event_id"]
    said = httpx.get(f"{page_url}/gradio_api/call/look/{event}", timeout=30).text
    assert said.startswith("event: error"), "refused before Gradio copies or fetches anything"
    assert httpx.get(f"{page_url}/gradio_api/file={path}", timeout=30).status_code in (400, 403, 404)


def test_an_upload_past_the_form_is_bounded_too(page_url: str) -> None:
    large = {"files": ("a.jpg", bytes(40_000_000))}
    answer = httpx.post(f"{page_url}/gradio_api/upload", files=large, timeout=60)
    assert answer.status_code == 413
    assert "found 38.1 MiB; expected at most 32 MiB" in json.loads(answer.text)["error"]["message"]
    heavy = httpx.post(f"{page_url}/gradio_api/call/look", json={"data": ["x" * 100_000]}, timeout=30)
    assert (heavy.status_code, heavy.json()["error"]["expected"]) == (413, "at most 64 KiB")


PART = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
FORM = {"Content-Type": "multipart/form-data; boundary=x"}


def kept_by_gradio(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_nothing_is_left_of_an_upload_that_breaks_off(server: tuple[str, Service, Path]) -> None:
    url, service, own = server
    before, address = kept_by_gradio(own), urlsplit(url)
    head = f"POST /gradio_api/upload HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 9000000\r\n"
    with socket.create_connection(("127.0.0.1", address.port or 0)) as going:
        going.sendall(
            f"{head}Content-Type: {FORM['Content-Type']}\r\n\r\n".encode() + PART + bytes(2_000_000)
        )
        wait_for(lambda: service.inside == 1, "the upload")
        assert kept_by_gradio(own) == before
    wait_for(lambda: service.inside == 0, "its end")
    assert kept_by_gradio(own) == before


def test_uploads_fill_no_disk_and_what_belongs_to_none_goes(
    server: tuple[str, Service, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, service, own = server
    before, upload = kept_by_gradio(own), f"{url}/gradio_api/upload"
    httpx.post(upload, content=PART + bytes(2_000_000), headers=FORM)
    assert len(kept_by_gradio(own)) == len(before) + 1, "a form without an end: Gradio keeps its file"
    monkeypatch.setattr(service, "limits", Limits(kept_mib=1))
    full = httpx.post(upload, files={"files": ("b.jpg", b"b")})
    assert (full.status_code, full.headers["retry-after"]) == (503, "60")
    assert "MiB of uploads that were not looked at yet; expected at most 1 MiB" in full.text
    monkeypatch.undo()
    monkeypatch.setattr(page_uploads, "STRAY_SECONDS", 0.0)
    (path,) = httpx.post(upload, files={"files": ("b.jpg", b"b")}).json()
    assert {str(own / name) for name in kept_by_gradio(own)} == {path, *(str(own / name) for name in before)}
    assert httpx.get(f"{url}/gradio_api/deep_link?session_hash=a").status_code == 404


@pytest.mark.parametrize(
    "path", ["gradio_api/process_recording", "gradio_api/vibe-edit", "gradio_api/component_server", "login"]
)
def test_what_the_page_does_not_need_is_refused(page_url: str, path: str) -> None:
    assert httpx.post(f"{page_url}/{path}", json={}, timeout=30).status_code == 404


def test_pages_beside_the_page_answer_who_asks_for_their_head(page_url: str) -> None:
    for path in ("/", "/docs", "/prediction", "/metadata", "/openapi.json"):
        assert httpx.head(page_url + path).status_code == 200, path
    assert httpx.head(f"{page_url}/nothing").status_code == 404
