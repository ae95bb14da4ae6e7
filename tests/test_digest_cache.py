"""The digest cache: unchanged files are not read again, and no doubt is settled in its favour."""

from __future__ import annotations

import os
import threading
from hashlib import sha256
from pathlib import Path

import pytest

from segdata import digest_cache
from segdata.digest_cache import DigestCache, NotRememberedError, reading_nothing, remembered_digest


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose bytes were read, in order."""
    names: list[str] = []
    whole = digest_cache.file_digest

    def reading(path: Path) -> str:
        names.append(path.name)
        return whole(path)

    monkeypatch.setattr(digest_cache, "file_digest", reading)
    return names


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seconds that the cache believes to have passed since now; files written in a test are an hour old."""
    ahead = [3600]
    now = digest_cache.time.time_ns
    monkeypatch.setattr(digest_cache.time, "time_ns", lambda: now() + ahead[0] * 10**9)
    return ahead


def digests(cache: DigestCache, *paths: Path, verify: bool = False) -> list[str]:
    with cache.in_use(verify=verify):
        return [remembered_digest(path) for path in paths]


def test_an_unchanged_file_is_read_once(tmp_path: Path, read: list[str], clock: list[int]) -> None:
    photo, cache = tmp_path / "a.jpg", DigestCache(tmp_path / "cache")
    photo.write_bytes(b"photo")
    expected = [sha256(b"photo").hexdigest()]
    assert digests(cache, photo) == digests(cache, photo) == expected
    assert read == ["a.jpg"]
    assert digests(cache, photo, verify=True) == expected
    assert read == ["a.jpg", "a.jpg"]


def test_without_a_cache_in_use_every_call_reads(tmp_path: Path, read: list[str], clock: list[int]) -> None:
    (tmp_path / "a.jpg").write_bytes(b"photo")
    remembered_digest(tmp_path / "a.jpg")
    remembered_digest(tmp_path / "a.jpg")
    assert read == ["a.jpg", "a.jpg"]


def test_any_difference_reads_again(tmp_path: Path, read: list[str], clock: list[int]) -> None:
    photo, cache = tmp_path / "a.jpg", DigestCache(tmp_path / "cache")
    photo.write_bytes(b"photo")
    digests(cache, photo)
    times = (photo.stat().st_atime_ns, photo.stat().st_mtime_ns)

    photo.write_bytes(b"phot0")  # as long as before, and with the old time put back: its status changed
    os.utime(photo, ns=times)
    assert digests(cache, photo) == [sha256(b"phot0").hexdigest()]

    other = tmp_path / "b.jpg"  # another file of the same size and time under the same name
    other.write_bytes(b"ph0to")
    os.utime(other, ns=times)
    other.replace(photo)
    assert digests(cache, photo) == [sha256(b"ph0to").hexdigest()]
    assert read == ["a.jpg", "a.jpg", "a.jpg"]


def test_a_file_that_changed_a_moment_ago_is_not_remembered(
    tmp_path: Path, read: list[str], clock: list[int]
) -> None:
    photo, cache = tmp_path / "a.jpg", DigestCache(tmp_path / "cache")
    photo.write_bytes(b"photo")
    clock[0] = 1
    digests(cache, photo)
    assert not cache.path.exists()
    clock[0] = 3
    digests(cache, photo)
    digests(cache, photo)
    assert read == ["a.jpg", "a.jpg"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "not ours"])
def test_a_damaged_cache_is_thrown_away(
    tmp_path: Path, read: list[str], clock: list[int], damage: str
) -> None:
    photo, cache = tmp_path / "a.jpg", DigestCache(tmp_path / "cache")
    photo.write_bytes(b"photo")
    expected = digests(cache, photo)
    whole = cache.path.read_bytes()
    at = whole.index(expected[0].encode())
    flipped = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    cache.path.write_bytes(
        {"cut": whole[:-9], "flipped": flipped, "empty": b"", "not ours": b"\xff\n{}"}[damage]
    )
    assert digests(cache, photo) == expected
    assert read == ["a.jpg", "a.jpg"]
    assert cache.path.read_bytes() == whole


def test_files_that_are_gone_are_forgotten_but_not_when_a_plan_fails(
    tmp_path: Path, read: list[str], clock: list[int]
) -> None:
    a, b, cache = tmp_path / "a.jpg", tmp_path / "b.jpg", DigestCache(tmp_path / "cache")
    a.write_bytes(b"a")
    b.write_bytes(b"b")
    digests(cache, a, b)
    with pytest.raises(FileNotFoundError):
        digests(cache, a, tmp_path / "c.jpg")
    assert b"b.jpg" in cache.path.read_bytes()
    digests(cache, a)
    assert b"b.jpg" not in cache.path.read_bytes()


def test_many_at_once_leave_a_sound_cache(tmp_path: Path, clock: list[int]) -> None:
    paths = [tmp_path / f"{number}.jpg" for number in range(30)]
    for path in paths:
        path.write_bytes(path.name.encode())
    expected = [sha256(path.name.encode()).hexdigest() for path in paths]
    cache, found = DigestCache(tmp_path / "cache"), []
    threads = [threading.Thread(target=lambda: found.append(digests(cache, *paths))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8
    assert digests(cache, *paths) == expected


def test_a_cache_that_cannot_be_written_costs_time_alone(tmp_path: Path, clock: list[int]) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "a.jpg").write_bytes(b"photo")
    cache = DigestCache(tmp_path / "file" / "cache")
    assert digests(cache, tmp_path / "a.jpg") == [sha256(b"photo").hexdigest()]


def test_nothing_is_read_where_nothing_is_to_be_read(
    tmp_path: Path, read: list[str], clock: list[int]
) -> None:
    known, new, cache = tmp_path / "a.jpg", tmp_path / "b.jpg", DigestCache(tmp_path / "cache")
    for photo in (known, new):
        photo.write_bytes(b"photo")
    digests(cache, known)
    with cache.in_use():
        with reading_nothing():
            assert remembered_digest(known) == sha256(b"photo").hexdigest()
            with pytest.raises(NotRememberedError):
                remembered_digest(str(new))
        assert read == ["a.jpg"]
        assert remembered_digest(new) == sha256(b"photo").hexdigest()
    with reading_nothing():  # no cache in use: there is nothing that it could know
        assert remembered_digest(known) == sha256(b"photo").hexdigest()
    assert read == ["a.jpg", "b.jpg", "a.jpg"]
