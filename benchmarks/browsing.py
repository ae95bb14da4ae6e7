"""Does the page of `segdata browse` stay quick with 10,000 photos?

python benchmarks/browsing.py

Drawn scenes of 96x128 in one shard set. A headless Chromium opens the page, waits until every thumbnail in sight is
there, then turns the wheel without a pause; long tasks are those that keep the page from answering for more than
50 ms (W3C Long Tasks). Beside it the plain way: one page with an <img loading="lazy"> for every photo, over the same
server and thumbnails. Server and browser share the processor.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from _loader_data import iter_scenes
from _report import hardware, spread, versions, write_results

SIZE_HW = (96, 128)
SCROLL_SECONDS = 8.0
WATCH = """() => {
  window.long = []; window.frames = []; window.most = 0;
  new PerformanceObserver((list) => window.long.push(...list.getEntries().map((one) => one.duration))).observe({ type: "longtask" });
  let last = performance.now();
  const frame = (now) => { window.frames.push(now - last); last = now; window.most = Math.max(window.most, document.querySelectorAll("img").length); requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
}"""
IN_SIGHT = """() => { const all = [...document.querySelectorAll("main img, .plain img")].filter((one) => {
  const box = one.getBoundingClientRect(); return box.bottom > 0 && box.top < innerHeight; });
  return all.length > 10 && all.every((one) => one.complete && one.naturalWidth); }"""


def write_project(root: Path, samples: int) -> None:
    """A project whose one pipeline has so many drawn samples in its shards; no raw photos."""
    from segdata.ontology import ontology_of_names
    from segdata.project import Project
    from segdata.shards.boundaries import group_into_shards, target_rows
    from segdata.shards.manifest import Manifest, write_manifest
    from segdata.shards.schema import SetMetadata
    from segdata.shards.writer import ShardWriter

    names = ["sky", "road", "car", "person"]
    ontology = ontology_of_names("four", names)
    pipeline = {
        "title": "drawn scenes",
        "source": {
            "format": "via",
            "root": "data/raw/drawn",
            "ontology": {label.name: list(label.color) for label in ontology.labels},
            "splits": {"method": "official"},
        },
        "shards": {"size_hw": list(SIZE_HW)},
        "model": {"name": "mini_unet"},
        "train": {"epochs": 1, "batch_size": 1, "optimizer": "sgd", "lr": 0.1},
    }
    (root / "pipelines").mkdir(parents=True)
    (root / "params.yaml").write_text("pipelines: {}\n")
    (root / "pipelines/drawn.yaml").write_bytes(msgspec.json.encode(pipeline))
    folder = Project(root).shards_dir("drawn")
    metadata = SetMetadata.of(ontology, SIZE_HW, "area", "via")
    pictures = iter_scenes(samples, SIZE_HW)
    entries, rows = [], []
    for split, share in (("train", range(samples * 8 // 10)), ("test", range(samples * 8 // 10, samples))):
        for shard in group_into_shards([f"IMG_{number:06d}" for number in share], target_rows(SIZE_HW, 8.0)):
            writer = ShardWriter(folder, split, metadata, len(shard))
            for id in shard:
                image, mask = next(pictures)
                writer.append(id, image, mask, (f"photo {id}", "annotation"), (480, 640))
            finished = writer.finish()
            assert finished is not None
            entries.append(finished[0])
            rows += finished[1]
    rows.sort(key=lambda row: (row.split, row.id))
    write_manifest(folder, Manifest(msgspec.structs.replace(metadata, shards=tuple(entries)), tuple(rows)))


@contextmanager
def served(root: Path) -> Iterator[tuple[str, float, int]]:
    """The running command: its address, seconds until it answered, its process id."""
    began = time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "segdata.cli",
        "--project",
        str(root),
        "browse",
        "drawn",
        "--no-open",
        "--port",
        "0",
    ]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        server.stdout.readline()
        found = re.search(r"http://\S+/", server.stdout.readline())
        assert found is not None
        yield found[0], time.perf_counter() - began, server.pid
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def resident_mib(pid: int) -> float:
    """Peak resident memory without the pages of mapped shards, which the system may take back."""
    status = Path(f"/proc/{pid}/status").read_text()
    (kib,) = re.findall(r"RssAnon:\s+(\d+)", status)
    return int(kib) / 1024


def ask(url: str, address: str) -> bytes:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.request("GET", address)
    answer = connection.getresponse()
    content = answer.read()
    assert answer.status == 200, (address, answer.status)
    connection.close()
    return content


def milliseconds(url: str, address: str, rounds: int = 7) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        ask(url, address)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def thumbnails_per_second(url: str, base: str, numbers: range) -> float:
    """Six at a time, as a browser asks."""
    began = time.perf_counter()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: ask(url, f"{base}/photos/{number}/thumbnail/truth"), numbers))
    return len(numbers) / (time.perf_counter() - began)


def look(browser: Any, url: str, scroller: str, html: str | None = None) -> dict[str, float]:
    """Seconds until the first grid is there, and how the page behaves while it is scrolled."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    if html is not None:
        page.route("**/plain", lambda route: route.fulfill(body=html, content_type="text/html"))
    began = time.perf_counter()
    page.goto(f"{url}plain" if html is not None else url)
    page.wait_for_function(IN_SIGHT)
    first = time.perf_counter() - began
    page.evaluate(WATCH)
    page.mouse.move(800, 500)
    end = time.perf_counter() + SCROLL_SECONDS
    while time.perf_counter() < end:
        page.mouse.wheel(0, 700)
        page.wait_for_timeout(40)
    long, frames, most = page.evaluate("() => [window.long, window.frames, window.most]")
    top = page.evaluate(f"() => ({scroller}).scrollTop")
    began = time.perf_counter()
    page.wait_for_function(IN_SIGHT, timeout=60_000)
    settle = time.perf_counter() - began
    heap = page.evaluate("() => performance.memory.usedJSHeapSize") / 2**20
    nodes = page.evaluate("() => document.querySelectorAll('*').length")
    page.close()
    frames = sorted(frames)
    return {
        "first_grid_seconds": first,
        "scrolled_pixels": top,
        "long_tasks": len(long),
        "long_task_milliseconds": sum(long),
        "longest_task_milliseconds": max(long, default=0.0),
        "frame_milliseconds_median": statistics.median(frames),
        "frame_milliseconds_p95": frames[int(len(frames) * 0.95)],
        "settle_seconds": settle,
        "heap_mib": heap,
        "elements": nodes,
        "pictures_at_once": most,
    }


def plain(base: str, samples: int) -> str:
    images = "".join(
        f'<img loading="lazy" width="168" height="126" src="{base}/photos/{number}/thumbnail/truth">'
        for number in range(samples)
    )
    return f'<!DOCTYPE html><body class="plain" style="overflow:auto">{images}'


def measure(samples: int, rounds: int, browser: Any) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_project(root, samples)
        with served(root) as (url, start, pid):
            said = msgspec.json.decode(ask(url, "/api/set"))
            base = f"/api/{said['key']}"
            cold = look(browser, url, "document.getElementById('scroller')")
            numbers = range(samples // 2, samples // 2 + 1000 if samples >= 2000 else samples)
            made = thumbnails_per_second(url, base, numbers)
            kept = thumbnails_per_second(url, base, numbers)
            queries = {
                "by id": milliseconds(url, f"{base}/order"),
                "by share of car": milliseconds(url, f"{base}/order?class=car&sort=share:car&descending=1"),
                "part of an id": milliseconds(url, f"{base}/order?text=99"),
                "one page of 100": milliseconds(url, f"{base}/photos?offset={samples // 2}"),
            }
            looks = [look(browser, url, "document.getElementById('scroller')") for _ in range(rounds)]
            page = plain(base, samples)
            plains = [look(browser, url, "document.scrollingElement", page) for _ in range(rounds)]
            memory = resident_mib(pid)
        return {
            "samples": samples,
            "start_seconds": start,
            "first_grid_seconds_cold": cold["first_grid_seconds"],
            "thumbnails_made_per_second": made,
            "thumbnails_kept_per_second": kept,
            "query_milliseconds": queries,
            "server_mib": memory,
            "page": {name: spread([one[name] for one in looks], 2) for name in looks[0]},
            "plain page": {name: spread([one[name] for one in plains], 2) for name in plains[0]},
        }


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chromium", default=os.environ.get("SEGDATA_CHROMIUM", "/usr/bin/chromium"))
    given = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=given.chromium,
            args=["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info"],
        )
        found = [measure(samples, given.rounds, browser) for samples in given.samples]
        version = browser.version
        browser.close()
    for one in found:
        print(
            f"{one['samples']:,} photos: ready after {one['start_seconds']:.1f} s, {one['server_mib']:.0f} MiB"
        )
        print(f"  first grid {one['first_grid_seconds_cold']:.2f} s with no thumbnail made")
        print(
            f"  thumbnails {one['thumbnails_made_per_second']:.0f}/s made, {one['thumbnails_kept_per_second']:.0f}/s kept"
        )
        print(
            "  queries, ms: "
            + ", ".join(f"{name} {time:.1f}" for name, time in one["query_milliseconds"].items())
        )
        for kind in ("page", "plain page"):
            figures = one[kind]
            print(f"  {kind}: " + ", ".join(f"{name} {figures[name]['median']:g}" for name in figures))
    write_results(
        __file__,
        {
            "hardware": hardware(),
            "versions": {**versions("numpy", "pyarrow", "fastapi"), "chromium": version},
            "sets": found,
        },
    )


if __name__ == "__main__":
    main()
