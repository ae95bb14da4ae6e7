"""Take the site's pictures: what people see in a browser, and what segdata draws, all from the sample data.

    make repro
    python docs/take_screenshots.py               all of them, into docs/images/; a minute
    python docs/take_screenshots.py report        one: annotated, check, shown, report, diff, prefect

Needs playwright and a Chromium (CHROMIUM=/path/to/it, default /usr/bin/chromium). Run by hand, looked at, committed.
Where there must be something to see, a copy of the sample set is damaged first; the set itself is not touched.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from PIL import Image, ImageDraw
from playwright.sync_api import Page, sync_playwright

from segdata.conversion import Conversion
from segdata.project import Project

ROOT = Path(__file__).resolve().parent.parent
IMAGES = Path(__file__).parent / "images"
NAME, RAW = "sample-via", "data/raw/sample-via"
WIDTH, HEIGHT = 1200, 760
QUALITY = 80


def save(name: str, picture: Image.Image | bytes, width: int = WIDTH) -> None:
    """A WebP of at most this width, without anything that changes from run to run beside the pixels."""
    image = Image.open(io.BytesIO(picture)) if isinstance(picture, bytes) else picture
    image = image.convert("RGB")
    if image.width > width:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    path = IMAGES / f"{name}.webp"
    image.save(path, "WEBP", quality=QUALITY, method=6)
    print(f"{path.relative_to(ROOT)}: {image.width}x{image.height}, {path.stat().st_size / 1024:.0f} KiB")


@contextmanager
def browser(width: int = WIDTH, height: int = HEIGHT, **context: Any) -> Iterator[Page]:
    """A page that tells of errors in its console and of requests to other hosts."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_context(viewport={"width": width, "height": height}, **context).new_page()
        page.on("pageerror", lambda error: print(f"  error in the page: {error}"))
        page.on("request", lambda request: _told(request.url))
        yield page
        chromium.close()


def _told(url: str) -> None:
    if not re.match(r"(file|data|blob):|https?://127\.0\.0\.1[:/]", url):
        print(f"  asked another host: {url}")


def scroll_to(page: Page, heading: str) -> None:
    """Put the first heading of this name at the top, below what stays there."""
    found = page.get_by_role("heading", name=heading).first
    found.evaluate("heading => scrollTo(0, heading.getBoundingClientRect().top + scrollY - 70)")
    page.wait_for_timeout(500)


@contextmanager
def copied() -> Iterator[Project]:
    """A project in a temporary folder: the sample set, its pipeline, and nothing converted yet."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "street"
        (root / "pipelines").mkdir(parents=True)
        shutil.copy(ROOT / f"pipelines/{NAME}.yaml", root / "pipelines")
        params = yaml.safe_load((ROOT / "params.yaml").read_text())
        params["pipelines"] = {NAME: params["pipelines"][NAME]}
        (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
        shutil.copytree(ROOT / RAW, root / RAW)
        yield Project(root)


def segdata(project: Project, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "segdata.cli", *arguments], cwd=project.root, check=False)


def convert(project: Project) -> None:
    conversion = Conversion.open(project, NAME)
    plan = conversion.plan()
    conversion.finish(plan, [conversion.convert(task) for task in plan.tasks], strict=False)


def entries_of(project: Project) -> tuple[Path, dict[str, Any]]:
    path = project.root / RAW / "via_region_data.json"
    return path, json.loads(path.read_text(encoding="utf-8"))


def annotated() -> None:
    """A photo with its outlines, as an annotation tool shows them."""
    project = Project(ROOT)
    _, entries = entries_of(project)
    entry = next(one for one in entries.values() if one["filename"] == "IMG_0025.jpg")
    ontology = project.pipeline(NAME).source.build_ontology()
    photo = Image.open(ROOT / RAW / "photos" / entry["filename"]).convert("RGB")
    photo = photo.resize((photo.width * 3 // 2, photo.height * 3 // 2), Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(photo, "RGBA")
    for region in entry["regions"]:
        shape, label = region["shape_attributes"], region["region_attributes"]["type"]
        points = [(x * 1.5, y * 1.5) for x, y in zip(shape["all_points_x"], shape["all_points_y"], strict=True)]
        color = tuple(int(part) for part in ontology.color_table()[ontology.id_of(label)])
        draw.polygon(points, fill=(*color, 60))
        draw.line([*points, points[0]], fill=(255, 220, 0), width=2)
        for x, y in points:
            draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=(255, 220, 0))
    save("tour-annotated", photo, 960)


def check() -> None:
    """The page of a check that found something."""
    with copied() as project:
        path, entries = entries_of(project)
        for entry in list(entries.values())[::12]:
            tree = next(one for one in entry["regions"] if one["region_attributes"]["type"] == "vegetation")
            tree["region_attributes"]["type"] = "Tree "
        regions = list(entries.values())[7]["regions"]
        outline = next(one for one in regions if one["region_attributes"]["type"] == "road")["shape_attributes"]
        for axis in ("all_points_x", "all_points_y"):
            outline[axis][0], outline[axis][1] = outline[axis][1], outline[axis][0]
        path.write_text(json.dumps(entries), encoding="utf-8")
        photo = project.root / RAW / "photos/IMG_0031.jpg"
        photo.write_bytes(photo.read_bytes()[:20_000])
        segdata(project, "check", NAME)
        with browser(height=1000) as page:
            page.goto((project.root / f"data/check-report/{NAME}/index.html").as_uri())
            page.wait_for_timeout(500)
            save("tour-check", page.screenshot())


def shown() -> None:
    """Photo, mask and overlay, as `segdata show` draws them."""
    with copied() as project:
        segdata(project, "show", NAME, "IMG_0025", "--size", "480")
        (path,) = (project.root / f"data/shown/{NAME}").glob("*.png")
        save("tour-shown", Image.open(path))


def report() -> None:
    """The report of `make repro`: its head, and the photos of one pipeline."""
    with browser(height=900) as page:
        page.goto((ROOT / "data/report/index.html").as_uri())
        page.wait_for_timeout(500)
        save("tour-report", page.screenshot())
        scroll_to(page, "Photos, truth and prediction")
        save("tour-photos", page.screenshot())


def diff() -> None:
    """Two versions of a set: a photo annotated anew, one more, one less."""
    with copied() as project:
        convert(project)
        before = project.root / "before"
        shutil.copytree(project.shards_dir(NAME), before)
        path, entries = entries_of(project)
        for entry in entries.values():
            if entry["filename"] == "IMG_0025.jpg":
                entry["regions"] = [one for one in entry["regions"] if one["region_attributes"]["type"] != "car"]
        entries = {key: one for key, one in entries.items() if one["filename"] != "IMG_0012.jpg"}
        path.write_text(json.dumps(entries), encoding="utf-8")
        convert(project)
        segdata(project, "diff", "before", f"data/shards/{NAME}")
        (page_path,) = (project.root / "data/diff").rglob("index.html")
        with browser(height=900) as page:
            page.goto(page_path.as_uri())
            page.wait_for_timeout(500)
            scroll_to(page, "Largest changes")
            save("tour-diff", page.screenshot())


def prefect() -> None:
    """A conversion in Prefect's page, and its artifact."""
    with copied() as project:
        pipeline = project.root / f"pipelines/{NAME}.yaml"
        pipeline.write_text(pipeline.read_text().replace("size_hw: [96, 128]", "size_hw: [96, 128], target_mib: 0.3"))
        photo = project.root / RAW / "photos/IMG_0031.jpg"
        photo.write_bytes(photo.read_bytes()[:20_000])
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
        ui = subprocess.Popen(
            [sys.executable, "-m", "flows.ui"], cwd=project.root, env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            assert ui.stdout is not None
            address = ui.stdout.readline().split()[-1]
            subprocess.run([sys.executable, "-m", "flows.convert", NAME], cwd=project.root, env=environment, check=True)
            time.sleep(4)  # the server records tasks a little later
            run = newest(address, "flow_runs")
            artifact = newest(address, "artifacts")
            with browser(height=800, color_scheme="light") as page:
                for name, path in (
                    ("prefect-run", f"/runs/flow-run/{run}"),
                    ("prefect-artifact", f"/artifacts/artifact/{artifact}"),
                ):
                    page.goto(address + path)
                    page.wait_for_timeout(5000)
                    save(name, page.screenshot())
        finally:
            ui.send_signal(signal.SIGINT)
            ui.wait(60)


def newest(address: str, kind: str) -> str:
    """The id of the last run or artifact."""
    request = urllib.request.Request(
        f"{address}/api/{kind}/filter", data=b"{}", headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found = json.load(answer)
    return str(max(found, key=lambda one: one["created"])["id"])


PICTURES: dict[str, Callable[[], None]] = {
    one.__name__: one for one in (annotated, check, shown, report, diff, prefect)
}


def main(names: list[str]) -> None:
    IMAGES.mkdir(exist_ok=True)
    for name in names or list(PICTURES):
        PICTURES[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
