"""Kill a conversion, an add or a repair at random moments: what is left must hold, and the next run must end undisturbed.

python -m tests.conversion.kill_test --kills 200     from the repository's root; a few minutes

Each round edits a small VIA source (or damages shards), starts the work in a process of its own, kills it with
SIGKILL after a random part of the time that it takes undisturbed, and looks at the folder:

- the set on disk is the one of the last finished conversion, and verifies (or there is none yet);
- the source holds all that it held, and its annotation file is the old or the new one (add);
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
import pytest
from PIL import Image

from segdata.adding import add
from segdata.errors import DataError, SegdataError
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


def add_street(project: Project) -> None:
    new = project.root / "new"
    add(project, "via", sorted(new.glob("*.png")), new / "via_region_data.json")


def repair_street(project: Project) -> None:
    repair(project, "via")


def write_street(root: Path, photos: dict[str, int], compression: str = "none") -> Project:
    """A VIA source of noise photos; a photo's number decides its pixels and its region."""
    folder = root / "data/raw/sample-via/photos"
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.stem not in photos:
            path.unlink()
    (folder.parent / "via_region_data.json").write_text(json.dumps(draw(folder, photos)))
    pipeline = sample_pipeline("via")
    pipeline["shards"] |= {"size_hw": [_SIDE, _SIDE], "target_mib": 0.03, "compression": compression}
    return write_project(root, {"via": pipeline})


def draw(folder: Path, photos: dict[str, int]) -> dict[str, Any]:
    """Photos into a folder; returns what VIA says of them."""
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
    return said


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


class Street:
    """A project that lives through the rounds: its photos, and the set of its last finished conversion."""

    def __init__(self, root: Path, dice: random.Random) -> None:
        self.dice = dice
        self.fresh = itertools.count()  # no two photos alike: the leak gate would see to it
        self.photos = {f"IMG_{number:03d}": next(self.fresh) for number in range(_PHOTOS)}
        self.project = write_street(root, self.photos)
        self.finished: dict[str, str] = {}
        self.compression = "none"
        start = time.monotonic()
        from_scratch(self.project)
        self.whole = time.monotonic() - start
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload([__name__])

    def kill(self, work: Work, most: float) -> bool:
        return kill_after(work, self.project, self.dice.uniform(0, 1.1) * most, self.context)

    def converted(self) -> None:
        """The next conversion ends, with the bytes of one from scratch, which verify."""
        convert_street(self.project)
        self.finished = folder_bytes(self.project.shards_dir("via"))
        assert self.finished == from_scratch(self.project), "other bytes than from scratch"
        assert verify(self.project.shards_dir("via")).damages == ()

    def convert(self, anew: bool) -> bool:
        if anew:
            shutil.rmtree(self.project.root / "data/shards")
            self.finished = {}
            self.compression = self.dice.choice(["none", "zstd"])
        for name in self.dice.sample(sorted(self.photos), 3):
            del self.photos[name]
        while len(self.photos) < _PHOTOS:
            self.photos[f"IMG_{self.dice.randrange(200):03d}"] = next(self.fresh)
        for name in self.dice.sample(sorted(self.photos), 12):
            self.photos[name] = next(self.fresh)
        write_street(self.project.root, self.photos, self.compression)
        hit = self.kill(convert_street, self.whole)
        check_left(self.project, self.finished)
        self.converted()
        return hit

    def repair(self) -> bool:
        damage(self.project, self.dice)
        hit = self.kill(repair_street, self.whole / 2)
        repair_street(self.project)
        now = folder_bytes(
            self.project.shards_dir("via")
        )  # perhaps with a half-written file, which goes next time
        assert {name: now[name] for name in now if not name.endswith(".partial")} == self.finished
        self.converted()
        return hit

    def add(self) -> bool:
        root, new = self.project.root / "data/raw/sample-via", self.project.root / "new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        names = [f"IMG_{number:03d}" for number in range(200) if f"IMG_{number:03d}" not in self.photos]
        added = {name: next(self.fresh) for name in self.dice.sample(names, 5)}
        (new / "via_region_data.json").write_text(json.dumps(draw(new, added)))
        before = folder_bytes(root)
        hit = self.kill(add_street, self.whole / 5)
        left = folder_bytes(root)
        annotations = "via_region_data.json"
        assert {**before, annotations: ""}.items() <= {**left, annotations: ""}.items(), "a photo is gone"
        said = json.loads((root / annotations).read_text())
        new_photos = [name for name in added if (root / f"photos/{name}.png").is_file()]
        assert len(said) in (len(self.photos), len(self.photos) + len(added))
        if len(said) > len(self.photos):  # the annotations come last
            assert len(new_photos) == len(added)
        if new_photos and len(said) == len(self.photos):
            with pytest.raises(DataError, match="under way, or was interrupted"):
                convert_street(self.project)
        add_street(self.project)
        self.photos |= added
        assert len(json.loads((root / annotations).read_text())) == len(self.photos)
        assert {path.stem for path in (root / "photos").iterdir()} == self.photos.keys()
        assert not list(root.parent.glob(".*"))
        self.converted()
        return hit


def run(kills: int, seed: int, *, tell: bool = False) -> Counter[str]:
    """So many rounds, of each kind in turn. Returns how many found the work under way, by kind of work."""
    hits: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        street = Street(Path(folder), random.Random(seed))
        for number in range(kills):
            kind = ("convert", "add", "repair")[number % 3]
            try:
                if kind == "convert":
                    hits[kind] += street.convert(anew=number % 12 == 6)
                else:
                    hits[kind] += street.add() if kind == "add" else street.repair()
            except (AssertionError, SegdataError) as error:
                raise AssertionError(f"round {number}, {kind}: {error}") from error
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
