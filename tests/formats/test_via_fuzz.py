"""Mutated VIA files: either samples, or an error of ours that names the file; no traceback, no bogus mask."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from segdata.errors import SegdataError
from tests.formats.via_cases import entry, export, shape, via_reader, write_photo
from tests.formats.via_flavour_cases import REGIONS, REGIONS_3, via_3

NUM_FILES = 400
JUNK: tuple[Any, ...] = (
    *(None, True, -1, 0, 1e308, -1e308, 10**30, 2.0**60),
    *("", "x", "nan", "1e999", "../../x", "\0", "a.png", "é", "\ud800", "a" * 5000),
    *([], {}, [[]], {"a": 1}, [1, 2, 3]),
)
SHAPES = [
    *REGIONS,
    shape("circle", cx=3, cy=3, r=2),
    shape("ellipse", cx=3, cy=3, rx=2, ry=1, theta=0.3),
    shape("point", cx=1, cy=1),
]


def whole_files() -> list[Any]:
    via_2 = export(entry("a.png", *SHAPES, size=5), entry("bare.png"))
    via_1 = {
        key: one | {"regions": {str(number): region for number, region in enumerate(one["regions"])}}
        for key, one in via_2.items()
    }
    return [via_2, via_1, {"_via_img_metadata": via_2, "_via_settings": {}}, via_3(*REGIONS_3)]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every value inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield (*path, key)
        yield from places(one, (*path, key))


def mutated(value: Any, chance: random.Random) -> Any:
    """The value with one member removed or replaced by junk."""
    value = copy.deepcopy(value)
    *way, last = chance.choice(list(places(value)) or [()])
    parent = value
    for key in way:
        parent = parent[key]
    if chance.random() < 0.2:
        del parent[last]
    else:
        parent[last] = copy.deepcopy(chance.choice(JUNK))
    return value


def broken_bytes(text: bytes, chance: random.Random) -> bytes:
    changed = bytearray(text)
    for _ in range(chance.randint(1, 4)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def test_mutated_files_give_samples_or_our_errors(tmp_path: Path) -> None:
    for name in ("a.png", "bare.png"):
        write_photo(tmp_path / "photos" / name)
    chance = random.Random(2012)
    outcomes: Counter[str] = Counter()
    for number in range(NUM_FILES):
        value = mutated(chance.choice(whole_files()), chance)
        text = json.dumps(value, ensure_ascii=number % 2 == 0).encode("utf-8", "surrogatepass")
        (tmp_path / "via_region_data.json").write_bytes(
            broken_bytes(text, chance) if number % 3 == 0 else text
        )
        for kind, message in outcomes_of(tmp_path):
            outcomes[kind] += 1
            named = any(name in message for name in ("via_region_data.json", "photos/", "source.options"))
            assert kind == "sample" or named, message
    assert min(outcomes[kind] for kind in ("sample", "sample error", "source error")) > NUM_FILES / 10


def outcomes_of(root: Path) -> Iterator[tuple[str, str]]:
    """What came of a source and of each photo in it, with the error's words."""
    try:
        reader = via_reader(root)
    except SegdataError as error:
        yield "source error", str(error)
        return
    msgspec.json.encode(reader.findings)
    for id in reader.ids():
        try:
            reader.fingerprint(id)
            sample = reader.read(id)
        except SegdataError as error:
            yield "sample error", str(error)
            continue
        assert sample.mask.shape == (6, 8)
        assert set(np.unique(sample.mask)) <= {0, 1, 2, 255}
        msgspec.json.encode(sample.findings)
        yield "sample", ""
