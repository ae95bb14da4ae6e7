"""What does a served model answer, under load, and what does one photo cost on the CPU?

    .venv/bin/python benchmarks/serving.py [--pipeline sample-via] [--clients 32] [--requests 200]

Load: `segdata serve` in a process of its own, clients in another, over loopback with kept connections; every answer is
compared with the others of its photo. Bad input: the same with every second upload a wrong one. Latency: one photo at a time, in this process, by torch (`segdata serve`) and
by ONNX Runtime (`segdata package`), decoding and encoding included. Needs `make repro` (data/runs).
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import io
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import numpy as np
from _report import hardware, spread, versions, write_results
from PIL import Image

ROOT = Path(__file__).parent.parent
BOUNDARY = "segdata-benchmark"


def form_of(name: str, data: bytes, field: str = "file") -> bytes:
    """A form with one photo, as curl -F sends it."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    return head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


def bad_forms(photo: bytes) -> list[bytes]:
    """What strangers send: each is to be answered with a 4xx."""
    file = io.BytesIO()
    with Image.open(io.BytesIO(photo)) as image:
        image.save(file, "JPEG", progressive=True)
    last = file.getvalue()[file.getvalue().rindex(b"\xff\xda") : -2]
    header = struct.pack(">4sIIBBBBB", b"IHDR", 50_000, 50_000, 8, 2, 0, 0, 0)
    vast = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return [
        form_of("notes.txt", b"dear diary"),
        form_of("cut.jpg", photo[: len(photo) // 2]),
        form_of("vast.png", vast),
        form_of("endless.jpg", file.getvalue()[:-2] + 1000 * last + b"\xff\xd9"),
        form_of("a.jpg", photo, field="image"),
        form_of("../../a.jpg", photo),
    ]


@contextmanager
def served(pipeline: str, temporary: str) -> Iterator[tuple[int, int]]:
    """`segdata serve` on a free port: the port and the process."""
    command = [sys.executable, "-m", "segdata.cli", "serve", pipeline, "--port", "0"]
    env = {**os.environ, "TMPDIR": temporary}
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        line = process.stdout.readline()
        yield int(re.findall(r"page: http://127\.0\.0\.1:(\d+)/", line)[0]), process.pid
    finally:
        process.terminate()
        process.wait()


def resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def ask_for_long(port: int, bodies: list[bytes], form: str, clients: int, requests: int) -> dict[str, Any]:
    """`clients` threads send `requests` photos each, one after the other; run in a process of its own."""
    seconds: list[float] = []
    statuses: dict[int, int] = {}
    answers: dict[int, set[bytes]] = {}
    barrier = Barrier(clients + 1)

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        barrier.wait()
        for turn in range(requests):
            which = (number + turn) % len(bodies)
            began = time.perf_counter()
            connection.request("POST", f"/predict?format={form}", bodies[which], headers)
            answer = connection.getresponse()
            data = answer.read()
            seconds.append(time.perf_counter() - began)
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
            answers.setdefault(which, set()).add(data)

    threads = [Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return {
        "wall": time.perf_counter() - began,
        "seconds": seconds,
        "statuses": statuses,
        "different_answers": sum(len(found) - 1 for found in answers.values()),
    }


def load(
    pipeline: str, photos: list[bytes], form: str, clients: int, requests: int, *, bad: bool = False
) -> dict[str, Any]:
    """Figures of one load; memory of the server and its temporary files after a tenth of the requests, and at the end."""
    bodies = [form_of(f"{number}.jpg", data) for number, data in enumerate(photos)]
    if bad:
        wrong = bad_forms(photos[0])
        bodies = [one for pair in zip(bodies[: len(wrong)], wrong, strict=True) for one in pair]
    with (
        tempfile.TemporaryDirectory() as temporary,
        served(pipeline, temporary) as (port, pid),
        ProcessPoolExecutor(1) as others,
    ):

        def run(each: int) -> dict[str, Any]:
            return others.submit(ask_for_long, port, bodies, form, clients, each).result()

        run(max(1, requests // 10))
        before, files_before = resident_mib(pid), files_in(temporary)
        done = run(requests)
        after, files_after = resident_mib(pid), files_in(temporary)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/metrics")
        metrics = connection.getresponse().read().decode()
    batches = float(re.findall(r"^segdata_batch_photos_count (\S+)", metrics, re.M)[0])
    together = float(re.findall(r"^segdata_batch_photos_sum (\S+)", metrics, re.M)[0]) / batches
    ordered = sorted(done["seconds"])
    return {
        "form": f"{form}, half bad" if bad else form,
        "clients": clients,
        "requests": len(ordered),
        "statuses": {str(status): count for status, count in done["statuses"].items()},
        "different_answers": done["different_answers"],
        "requests_per_second": round(len(ordered) / done["wall"], 1),
        "milliseconds": {
            name: round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("most", 1.0))
        },
        "photos_together": round(together, 2),
        "memory_mib": {"after a tenth": round(before), "at the end": round(after)},
        "files_left": files_after - files_before,
    }


def files_in(folder: str) -> int:
    return sum(path.is_file() for path in Path(folder).rglob("*"))


def phone_photo(data: bytes) -> bytes:
    """The sample photo as large as a phone's: 3024x4032."""
    file = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        image.convert("RGB").resize((4032, 3024), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


def latency(pipelines: list[str], photo: bytes, rounds: int) -> list[dict[str, Any]]:
    """Milliseconds from a photo's bytes to its PNG, torch and ONNX Runtime in turn."""
    from segdata.evaluation.run import load_run
    from segdata.prediction.onnx_file import write_onnx
    from segdata.project import Project
    from segdata.serving.known import about_of
    from segdata.serving.onnx_engine import OnnxEngine
    from segdata.serving.torch_engine import TorchEngine

    project, results = Project(ROOT), []
    sizes = {"480x640": photo, "3024x4032": phone_photo(photo)}
    for name in pipelines:
        run, about = load_run(project.run_dir(name)), about_of(project, name)
        with tempfile.TemporaryDirectory() as folder:
            write_onnx(run, Path(folder) / "model.onnx")
            engines = {"torch": TorchEngine(run), "ONNX Runtime": OnnxEngine(Path(folder) / "model.onnx")}
            size_mib = (Path(folder) / "model.onnx").stat().st_size / 2**20
        took: dict[tuple[str, str], list[float]] = {}
        for turn in range(rounds + 1):
            for engine in engines if turn % 2 else reversed(engines):
                for size, data in sizes.items():
                    milliseconds = asyncio.run(one_photo(engines[engine], about, data))
                    if turn:  # the first warms up
                        took.setdefault((engine, size), []).append(milliseconds)
        batch = {engine: batch_gain(one, about.size_hw, rounds) for engine, one in engines.items()}
        for (engine, size), values in sorted(took.items()):
            results.append(
                {
                    "pipeline": name,
                    "model": about.model,
                    "onnx_mib": round(size_mib, 1),
                    "seen_at": "x".join(map(str, about.size_hw)),
                    "photo": size,
                    "engine": engine,
                    "milliseconds": spread(values, 1),
                    "batch_gain": batch[engine],
                }
            )
    return results


def batch_gain(engine: Any, size_hw: tuple[int, int], rounds: int) -> dict[str, float]:
    """How many times as long 8 photos take the network one by one as together."""
    photos = np.random.default_rng(0).integers(0, 256, (8, *size_hw, 3), np.uint8)
    ratios = []
    for _ in range(rounds):
        began = time.perf_counter()
        for photo in photos:
            engine.logits(photo[None])
        between = time.perf_counter()
        engine.logits(photos)
        ratios.append((between - began) / (time.perf_counter() - between))
    return spread(ratios, 2)


async def one_photo(engine: Any, about: Any, data: bytes) -> float:
    from segdata.serving.answers import encoded
    from segdata.serving.service import Service

    service = Service(engine, about)
    began = time.perf_counter()
    predicted = await service.predict(data, "a.jpg")
    await service.in_worker(encoded, predicted, "png", service.ontology, service.dialect)
    took = time.perf_counter() - began
    service.close()
    return 1000 * took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--pipeline", default="sample-via")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    folder = ROOT / "data/raw/sample-via/photos"
    photos = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))[:16]]
    loads = [load(arguments.pipeline, photos, "png", arguments.clients, arguments.requests)]
    loads.append(load(arguments.pipeline, photos, "via", arguments.clients, arguments.requests // 4))
    loads.append(
        load(arguments.pipeline, photos, "png", arguments.clients, arguments.requests // 4, bad=True)
    )
    loads.append(load(arguments.pipeline, photos, "png", 1, arguments.requests))
    print(
        "| form | clients | answers | requests/s | p50, ms | p95, ms | photos together | MiB | files left |"
    )
    print("|---|---:|---|---:|---:|---:|---:|---:|---:|")
    for one in loads:
        ms, memory = one["milliseconds"], one["memory_mib"]
        answers = ", ".join(f"{count:,} × {status}" for status, count in sorted(one["statuses"].items()))
        print(
            f"| {one['form']} | {one['clients']} | {answers} | {one['requests_per_second']} "
            f"| {ms['p50']:.0f} | {ms['p95']:.0f} | {one['photos_together']} | {memory['after a tenth']} → {memory['at the end']} | {one['files_left']} |"
        )
    names = ["sample-via", "sample-matlab", "sample-cityscapes", "sample-voc"]
    alone = latency(names, photos[0], arguments.rounds)
    print("| pipeline | model | photo | torch, ms | ONNX Runtime, ms | 8 together: torch | ONNX Runtime |")
    print("|---|---|---|---:|---:|---:|---:|")
    for name in names:
        for size in ("480x640", "3024x4032"):
            row = {one["engine"]: one for one in alone if one["pipeline"] == name and one["photo"] == size}
            cells = " | ".join(
                f"{row[engine]['milliseconds']['median']:.0f} ({row[engine]['milliseconds']['min']:.0f}-"
                f"{row[engine]['milliseconds']['max']:.0f})"
                for engine in ("torch", "ONNX Runtime")
            )
            gains = " | ".join(
                f"{row[engine]['batch_gain']['median']:.1f}" for engine in ("torch", "ONNX Runtime")
            )
            print(f"| {name} | {row['torch']['model']} | {size} | {cells} | {gains} |")
    write_results(
        __file__,
        {
            "what": "segdata serve under load over loopback, and one photo at a time in torch and ONNX Runtime on the CPU",
            "hardware": hardware(),
            "versions": versions("numpy", "torch", "onnxruntime", "fastapi", "uvicorn", "gradio"),
            "pipeline": arguments.pipeline,
            "load": loads,
            "latency": alone,
            "runs": arguments.rounds,
        },
    )


if __name__ == "__main__":
    main()
