"""Photos are read side by side, also those of one shard, and what is made does not depend on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from segdata.conversion import Conversion
from segdata.conversion.reading import done_ahead
from segdata.errors import DataError
from segdata.project import ConvertParams
from tests.projects import folder_bytes, sample_project

TIMEOUT = 20


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def test_results_come_in_order_whoever_is_done_first(pool: ThreadPoolExecutor) -> None:
    def work(number: int) -> int:
        time.sleep(0.02 if number % 3 == 0 else 0)
        return number * number

    for given in (None, pool):
        assert list(done_ahead(given, work, range(12), 5)) == [number * number for number in range(12)]


def test_so_many_are_under_way_and_no_more(pool: ThreadPoolExecutor) -> None:
    begun: list[int] = []
    results = done_ahead(pool, lambda number: begun.append(number) or number, range(100), 3)
    assert next(results) == 0
    time.sleep(0.1)
    assert set(begun) <= {0, 1, 2}
    assert list(results) == list(range(1, 100))


def test_an_error_is_the_callers_and_ends_it(pool: ThreadPoolExecutor) -> None:
    def work(number: int) -> int:
        if number == 2:
            raise DataError("a.jpg", found="nothing")
        return number

    results = done_ahead(pool, work, range(50), 4)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(DataError, match=r"a\.jpg"):
        next(results)


def test_threads_see_what_the_caller_has_set(pool: ThreadPoolExecutor) -> None:
    seen: ContextVar[str] = ContextVar("seen", default="nothing")
    seen.set("the caller's")
    assert list(done_ahead(pool, lambda _: seen.get(), range(3), 2)) == ["the caller's"] * 3


def test_photos_of_one_shard_are_read_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conversion = Conversion.open(sample_project(tmp_path, "via"), "via", threads=2)
    task = max(conversion.plan().tasks, key=lambda task: len(task.samples))
    both, read = threading.Barrier(2), conversion.reader.read
    assert len(task.samples) >= 4

    def waiting(id: str, resize: Any) -> Any:
        if id in {sample.id for sample in task.samples[:2]}:
            both.wait(TIMEOUT)  # raises BrokenBarrierError where nobody else comes
        return read(id, resize)

    monkeypatch.setattr(conversion.reader, "read", waiting)
    assert [row.id for row in conversion.convert(task).rows] == [sample.id for sample in task.samples]


def test_fingerprints_wait_for_no_thread_unless_a_file_must_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = sample_project(tmp_path, "via")
    monkeypatch.setattr("segdata.digest_cache.RACY_NS", -(10**18))  # the files are young
    before = Conversion.open(project, "via", threads=2).plan()
    photo = project.root / "data/raw/sample-via/photos/IMG_0003.jpg"
    photo.write_bytes(photo.read_bytes() + b"\0")
    conversion = Conversion.open(project, "via", threads=2)
    seen: dict[str, str] = {}
    fingerprint = conversion.reader.fingerprint

    def watched(id: str) -> Any:
        made = fingerprint(id)
        seen[id] = threading.current_thread().name
        return made

    monkeypatch.setattr(conversion.reader, "fingerprint", watched)
    after = conversion.plan()
    own = threading.current_thread().name
    assert [id for id, name in sorted(seen.items()) if name != own] == ["IMG_0003"]
    old, new = ({one.id: one for task in plan.tasks for one in task.samples} for plan in (before, after))
    assert [id for id in old if old[id] != new[id]] == ["IMG_0003"]


def test_the_same_bytes_with_any_number_of_threads(tmp_path: Path) -> None:
    made = []
    for threads in (1, 3):
        project = sample_project(tmp_path / str(threads), "via")
        (project.root / "data/raw/sample-via/photos/IMG_0003.jpg").write_bytes(b"damaged")
        conversion = Conversion.open(project, "via", threads=threads)
        plan = conversion.plan()
        summary = conversion.finish(plan, [conversion.convert(task) for task in plan.tasks])
        assert [(one.file, one.action) for one in summary.findings if one.severity == "error"] == [
            ("photos/IMG_0003.jpg", "set aside")
        ]
        made.append((folder_bytes(project.shards_dir("via")), summary.findings))
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("runner", "workers", "threads"), [("threads", 3, 3), ("processes", 3, 1), ("ray", 0, 1)]
)
def test_threads_of_a_process(runner: Any, workers: int, threads: int) -> None:
    assert ConvertParams(runner=runner, workers=workers).threads == threads
    assert ConvertParams(runner="threads", workers=0).threads >= 1
