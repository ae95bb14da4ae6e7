"""Damaged and hostile files in every format: either samples, or an error of ours that names a file.

No traceback, no hang, no file outside the root read, no mask value that is no class, no mask other than the drawn one
for a sample whose fingerprint stayed, and no error that names neither the changed file nor the sample's. Each round changes one file of a
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
from segdata.formats import Fingerprint, format_names
from segdata.photo import Resize
from segdata.sample import Sample
from tests.formats.test_via_fuzz import broken_bytes, mutated
from tests.formats.via_cases import box, entry, export, via_reader
from tests.golden.cases import CASES, Case

ROUNDS = int(os.environ.get("SEGDATA_FUZZ", "200"))
SEED = int(os.environ.get("SEGDATA_FUZZ_SEED", "2026"))
SECONDS = 60  # a round takes milliseconds; this is a hang, not a speed
PHOTOS_READ, SMALL = 3, Resize((24, 32))
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


Known = dict[str, tuple[Fingerprint, Sample]]


def outcomes(case: Case, root: Path, known: Known) -> Iterator[tuple[str, str, str]]:
    """What came of the source, and of some of its photos: what, whose, and the error's words.

    known   the samples as they were before anything was changed
    """
    classes = {*range(len(case.classes)), 255}
    try:
        reader = case.open(root)
        ids = list(reader.ids())
    except SegdataError as error:
        yield "source error", "", str(error)
        return
    msgspec.json.encode(reader.findings)
    for id in ids[:PHOTOS_READ]:
        try:
            fingerprint = reader.fingerprint(id)
            sample = reader.read(id, SMALL)
        except SegdataError as error:
            yield "sample error", id, str(error)
            continue
        assert sample.id == id
        assert sample.image.shape == (24, 32, 3)
        assert set(np.unique(sample.mask)) <= classes
        msgspec.json.encode(sample.findings)
        if id in known and known[id][0] == fingerprint:
            assert np.array_equal(sample.mask, known[id][1].mask), (
                f"{id}: another mask of the same fingerprint"
            )
            assert np.array_equal(sample.image, known[id][1].image), id
            assert sample.findings == known[id][1].findings
            yield "sample as before", id, ""
        else:
            yield "sample", id, ""


def names_a_file(message: str, changed: Path, id: str) -> bool:
    """Whether an error's words name the file that was changed, or one of the sample that they are about."""
    return changed.name in message or bool(id and id.rsplit("/", 1)[-1] in message)


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
    reader = case.open(root)
    known = {id: (reader.fingerprint(id), reader.read(id, SMALL)) for id in reader.ids()[:PHOTOS_READ]}
    files = candidates(root, list(reader.ids()))
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
                for kind, id, message in outcomes(case, root, known):
                    seen[kind] += 1
                    assert "error" not in kind or names_a_file(message, path, id), f"{what}: {message}"
        except Exception:
            shutil.copy(path, Path(os.environ.get("SEGDATA_FUZZ_KEEP", tmp_path)) / f"broken{path.suffix}")
            print(what, file=sys.stderr)
            raise
        path.write_bytes(kept)
        assert not _opened, f"{what}: opened {_opened}"
    assert seen["sample as before"] + seen["sample"] > ROUNDS / 4, seen
    assert seen["sample error"] + seen["source error"] > ROUNDS / 20, seen


KINDS = (".bmp", ".jpg", ".png", ".tif", ".tiff", ".webp")


def test_changed_photos_of_every_kind_give_samples_or_our_errors(tmp_path: Path) -> None:
    """The golden cases have JPEG and PNG alone."""
    paths = [tmp_path / f"photos/{suffix[1:]}{suffix}" for suffix in KINDS]
    (tmp_path / "photos").mkdir()
    for path in paths:
        Image.effect_noise((32, 24), 60).convert("RGB").save(path)
    whole = export(*(entry(path.name, box(0, 0, 15, 23)) for path in paths))
    (tmp_path / "via_region_data.json").write_text(json.dumps(whole))
    chance, seen = random.Random(f"{SEED} photos"), Counter[str]()
    for number in range(ROUNDS):
        path = chance.choice(paths)
        kept = path.read_bytes()
        path.write_bytes(
            kept[: chance.randrange(len(kept))] if number % 4 == 0 else broken_head(kept, chance)
        )
        reader = via_reader(tmp_path)
        with no_hang(f"seed {SEED}, round {number}, {path.name}"):
            try:
                sample, message = reader.read(path.stem, SMALL), ""
            except SegdataError as error:
                sample, message = None, str(error)
        assert sample is not None or f"photos/{path.name}" in message, message
        assert sample is None or set(np.unique(sample.mask)) <= {0, 255}
        seen["error" if sample is None else "sample"] += 1
        path.write_bytes(kept)
    assert min(seen["sample"], seen["error"]) > ROUNDS / 20, seen


def broken_head(data: bytes, chance: random.Random) -> bytes:
    """Sizes, offsets and kinds stand in the first bytes, and a TIFF's last."""
    edge = min(200, len(data))
    return broken_bytes(data[:edge], chance) + data[edge:-edge] + broken_bytes(data[-edge:], chance)
