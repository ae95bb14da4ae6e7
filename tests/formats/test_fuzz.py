"""Damaged and hostile files in every format: either samples, or an error of ours that names a file.

No traceback, no hang, no file outside the root read, no mask value that is no class. Each round changes one file of a
golden case: bytes, a cut, a value inside its JSON, a number or a name in its text. Every few rounds it is also told
to read a file beside the root. A few hundred rounds per format here; SEGDATA_FUZZ=10000 asks for more (the nightly
tier), and SEGDATA_FUZZ_SEED for others.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import msgspec
import numpy as np
import pytest
from PIL import Image

from segdata.errors import SegdataError
from segdata.formats import format_names
from segdata.photo import Resize
from tests.formats.test_contract import CASES, Case
from tests.formats.test_via_fuzz import broken_bytes, mutated

ROUNDS = int(os.environ.get("SEGDATA_FUZZ", "200"))
SEED = int(os.environ.get("SEGDATA_FUZZ_SEED", "2026"))
SECONDS = 60  # a round takes milliseconds; this is a hang, not a speed
PHOTOS_READ = 3
JSON, TEXT, IMAGES = (".json",), (".xml", ".txt", ".csv"), (".jpg", ".png")
OUTSIDE = "outside_the_root.png"
JUNK_TEXT = (
    "",
    "-1",
    "1e999",
    "nan",
    "99999999999",
    "é\0",
    f"../{OUTSIDE}",
    "]]>",
    '"',
    "<a/>",
    "../" * 9,
    "x" * 3000,
)

_opened: list[str] = []


def _note_opened(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and arguments and OUTSIDE in str(arguments[0]):
        _opened.append(str(arguments[0]))


sys.addaudithook(_note_opened)  # for good: Python offers no way back


@contextlib.contextmanager
def no_hang(what: str) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"{what}: more than {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def changed(path: Path, chance: random.Random) -> bytes:
    """The file's bytes with one thing wrong."""
    data = path.read_bytes()
    way = chance.random()
    if way < 0.1:
        return data[: chance.randrange(len(data))]
    if way < 0.35 or path.suffix not in JSON + TEXT:
        return broken_bytes(data, chance)
    if path.suffix in JSON and way < 0.8:
        return json.dumps(mutated(json.loads(data), chance), ensure_ascii=False).encode(
            "utf-8", "surrogatepass"
        )
    words = list(re.finditer(rb"[\w./-]+", data))
    word = chance.choice(words)
    return data[: word.start()] + chance.choice(JUNK_TEXT).encode() + data[word.end() :]


def outcomes(case: Case, root: Path) -> Iterator[tuple[str, str]]:
    """What came of the source, and of some of its photos, with the error's words."""
    classes = {*range(len(case.classes)), 255}
    try:
        reader = case.open(root)
        ids = list(reader.ids())
    except SegdataError as error:
        yield "source error", str(error)
        return
    msgspec.json.encode(reader.findings)
    for id in ids[:PHOTOS_READ]:
        try:
            reader.fingerprint(id)
            sample = reader.read(id, Resize((24, 32)))
        except SegdataError as error:
            yield "sample error", str(error)
            continue
        assert sample.id == id
        assert sample.image.shape == (24, 32, 3)
        assert set(np.unique(sample.mask)) <= classes
        msgspec.json.encode(sample.findings)
        yield "sample", ""


def candidates(root: Path, reader_ids: list[str]) -> list[Path]:
    """Annotation files that belong to all photos, and the files of the first few, which are the ones read."""
    first = {id.rsplit("/", 1)[-1] for id in reader_ids[:PHOTOS_READ]}
    files = sorted(path for path in root.rglob("*") if path.is_file())
    of_one = [path for path in files if any(name in path.name for name in first)]
    of_all = [path for path in files if path.suffix not in IMAGES and not re.search(r"\d{3}", path.name)]
    numbered = [path for path in files if path.suffix in IMAGES and re.search(r"_0*[123]\.", path.name)]
    return sorted({*of_one, *of_all, *numbered})


@pytest.mark.parametrize("name", format_names())
def test_changed_files_give_samples_or_our_errors(name: str, tmp_path: Path) -> None:
    case, root = CASES[name], tmp_path / "root"
    case.draw(root)
    Image.fromarray(np.zeros((120, 160), np.uint8)).save(tmp_path / OUTSIDE)
    files = candidates(root, list(case.open(root).ids()))
    assert len(files) >= 3
    chance = random.Random(f"{SEED} {name}")
    seen: Counter[str] = Counter()
    del _opened[:]
    for number in range(ROUNDS):
        path = chance.choice(files)
        kept = path.read_bytes()
        path.write_bytes(changed(path, chance))
        what = f"{name}, seed {SEED}, round {number}, {path.relative_to(root)}"
        try:
            with no_hang(what):
                for kind, message in outcomes(case, root):
                    seen[kind] += 1
                    assert kind == "sample" or re.search(r"\w\.\w|/|source\.", message), f"{what}: {message}"
        except Exception:
            shutil.copy(path, Path(os.environ.get("SEGDATA_FUZZ_KEEP", tmp_path)) / f"broken{path.suffix}")
            print(what, file=sys.stderr)
            raise
        path.write_bytes(kept)
        assert not _opened, f"{what}: opened {_opened}"
    assert seen["sample"] > ROUNDS / 4, seen
    assert seen["sample error"] + seen["source error"] > ROUNDS / 20, seen
