"""Kill a conversion, or a repair, at random moments: what is left must verify, and the next run must end undisturbed.

python -m tests.conversion.kill_test --kills 200     from the repository's root; a few minutes

Each round edits a small VIA source (or damages shards), starts the work in a process of its own, kills it with
SIGKILL after a random part of the time that it takes undisturbed, and looks at the folder:

- the set on disk is the one of the last finished conversion, and verifies (or there is none yet);
- the next run ends with the very bytes of a conversion from scratch, and leaves nothing else in the folder.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from segdata.errors import ShardError
from segdata.integrity import repair, verify
from segdata.project import Project
from segdata.shards.manifest import read_manifest
from segdata.shards.schema import MANIFEST
from tests.projects import convert, folder_bytes, sample_pipeline, write_project

Work = Callable[[Project], object]
_SIDE = 48
_PHOTOS = 40


def convert_street(project: Project) -> None:
    convert(project, "via")


def repair_street(project: Project) -> None:
    repair(project, "via")


def write_street(root: Path, photos: dict[str, int]) -> Project:
    """A VIA source of noise photos; a photo's number decides its pixels and its region."""
    folder = root / "data/raw/sample-via/photos"
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.stem not in photos:
            path.unlink()
    said = {}
    for name, number in photos.items():
        pixels = np.random.default_rng(number).integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png", compress_level=1)
        shape = {"name": "rect", "x": 0, "y": 0, "width": _SIDE, "height": 1 + number % _SIDE}
        said[name] = {
            "filename": f"{name}.png",
            "size": -1,
            "regions": [{"shape_attributes": shape, "region_attributes": {"type": "road"}}],
            "file_attributes": {},
        }
    (folder.parent / "via_region_data.json").write_text(json.dumps(said))
    pipeline = sample_pipeline("via")
    pipeline["shards"] |= {"size_hw": [_SIDE, _SIDE], "target_mib": 0.03}
    return write_project(root, {"via": pipeline})


def from_scratch(project: Project) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "data").mkdir()
        (Path(folder) / "data/raw").symlink_to(project.root / "data/raw")
        shutil.copytree(project.root / "pipelines", Path(folder) / "pipelines")
        again = Project(Path(folder))
        (again.root / "params.yaml").write_text("pipelines: {}\n")
        convert(again, "via")
        return folder_bytes(again.shards_dir("via"))


def _child(work: Work, root: Path, begin: Event) -> None:
    begin.set()
    work(Project(root))


def kill_after(work: Work, project: Project, seconds: float, context: Any) -> bool:
    """Start the work in another process and kill it; whether it was still at it."""
    begin = context.Event()
    process = context.Process(target=_child, args=(work, project.root, begin))
    process.start()
    begin.wait()
    time.sleep(seconds)
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return bool(process.exitcode == -signal.SIGKILL)


def check_left(project: Project, finished: dict[str, str]) -> None:
    """What a killed conversion leaves is the last finished set, whole; or the new one, if only the tidying was left."""
    folder = project.shards_dir("via")
    left = folder_bytes(folder) if folder.is_dir() else {}
    if MANIFEST not in left:
        assert not finished, "the set is gone"
        return
    assert verify(folder).damages == ()
    if left[MANIFEST] == finished.get(MANIFEST):
        assert finished.items() <= left.items()
    else:
        shards = {entry.name for entry in read_manifest(folder).metadata.shards}
        assert shards <= left.keys()


def damage(project: Project, dice: random.Random) -> None:
    """Flip a bit in some shards and remove one."""
    shards = sorted(project.shards_dir("via").glob("*.arrow"))
    for path in dice.sample(shards, len(shards) // 2):
        data = bytearray(path.read_bytes())
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        path.write_bytes(data)
    dice.choice(shards).unlink()


def run(kills: int, seed: int, *, tell: bool = False) -> Counter[str]:
    """So many rounds, one in three of them a repair. Returns how many found the work under way, by kind of work."""
    dice = random.Random(seed)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    hits: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        fresh = itertools.count()  # no two photos alike: the leak gate would see to it
        photos = {f"IMG_{number:03d}": next(fresh) for number in range(_PHOTOS)}
        project = write_street(Path(folder), photos)
        start = time.monotonic()
        from_scratch(project)
        whole = time.monotonic() - start
        finished: dict[str, str] = {}
        for number in range(kills):
            is_repair = number % 3 == 2
            if is_repair:
                damage(project, dice)
                kind, work, least = "repair", repair_street, whole / 2
            else:
                kind, work, least = "convert", convert_street, whole
                if number % 6 == 0 and number:
                    shutil.rmtree(project.root / "data/shards")
                    finished = {}
                for name in dice.sample(sorted(photos), 3):
                    del photos[name]
                while len(photos) < _PHOTOS:
                    photos[f"IMG_{dice.randrange(200):03d}"] = next(fresh)
                for name in dice.sample(sorted(photos), 12):
                    photos[name] = next(fresh)
                write_street(Path(folder), photos)
            hits[kind] += kill_after(work, project, dice.uniform(0, 1.1) * least, context)
            if not is_repair:
                check_left(project, finished)
            try:
                work(project)
            except ShardError as error:
                raise AssertionError(f"round {number}: the next run stops: {error}") from error
            expected = from_scratch(project)
            finished = folder_bytes(project.shards_dir("via"))
            if is_repair:  # the kill may leave a half-written file, which the next conversion tidies away
                half = {name for name in finished if name.endswith(".partial")}
                assert {name: finished[name] for name in finished.keys() - half} == expected, (
                    f"round {number}"
                )
                convert_street(project)
                finished = folder_bytes(project.shards_dir("via"))
            assert finished == expected, f"round {number}: other bytes than from scratch"
            assert verify(project.shards_dir("via")).damages == ()
            if tell:
                print(f"\r{number + 1} of {kills}", end="", file=sys.stderr, flush=True)
    return hits


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    hits = run(arguments.kills, arguments.seed, tell=True)
    print(f"\n{arguments.kills} rounds, the work was under way at the kill in {dict(hits)}: nothing lost")


if __name__ == "__main__":
    main()
