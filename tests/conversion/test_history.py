"""Whatever was added, edited, deleted or renamed, in whatever order: the set on disk is the set made from scratch."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from PIL import Image

from segdata import digest_cache
from segdata.project import Project
from segdata.shards.manifest import read_manifest
from tests.projects import convert, folder_bytes, sample_pipeline, write_project

NAMES = st.sampled_from([f"IMG_{number:03d}" for number in range(24)] + ["roll 2/a", "roll 2/b", "Ümläut"])
LABELS = st.sampled_from(["road", "car", "sky", "person"])


class History(RuleBasedStateMachine):
    """A VIA source under random edits; every step converts, and is held against a conversion from scratch.

    Shards hold two or three samples, so that most steps leave some alone. The digest cache trusts files at once: else
    it would never come to bear on files that are a moment old.
    """

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.photos = self.root / "data/raw/sample-via/photos"
        self.photos.mkdir(parents=True)
        self.entries: dict[str, str] = {}  # name of a photo → label of its one region
        self.drawn = 0
        self.pipeline: dict[str, Any] = sample_pipeline("via")
        self.pipeline["source"]["label_map"] = {label: label for label in ("road", "car", "sky", "person")}
        self.pipeline["shards"] |= {"size_hw": [32, 32], "target_mib": 0.01}
        self.racy, digest_cache.RACY_NS = digest_cache.RACY_NS, 0
        self.stale = False

    def teardown(self) -> None:
        digest_cache.RACY_NS = self.racy
        shutil.rmtree(self.root)

    def draw(self, name: str) -> None:
        """A photo that no other is like."""
        self.drawn += 1
        path = self.photos / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        pixels = np.full((8, 8, 3), (self.drawn % 256, self.drawn // 256, len(name)), np.uint8)
        Image.fromarray(pixels).save(path, compress_level=0)

    @initialize(
        names=st.lists(NAMES, min_size=4, max_size=12, unique=True),
        compression=st.sampled_from(["none", "zstd"]),
    )
    def begin(self, names: list[str], compression: str = "none") -> None:
        self.pipeline["shards"]["compression"] = compression
        for name in names:
            self.draw(name)
            self.entries[name] = "road"
        self.stale = True

    @rule(names=st.lists(NAMES, min_size=1, max_size=3), label=LABELS)
    def add_or_annotate_again(self, names: list[str], label: str) -> None:
        for name in names:
            if name not in self.entries:
                self.draw(name)
            self.entries[name] = label
        self.stale = True

    @rule(name=NAMES)
    def edit_photo(self, name: str) -> None:
        if name in self.entries:
            self.draw(name)
            self.stale = True

    @precondition(lambda self: len(self.entries) > 2)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.entries)))
        del self.entries[name]
        (self.photos / f"{name}.png").unlink()
        self.stale = True

    @rule(data=st.data(), to=NAMES)
    def rename(self, data: st.DataObject, to: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.entries)))
        if to not in self.entries:
            self.entries[to] = self.entries.pop(name)
            (self.photos / f"{to}.png").parent.mkdir(exist_ok=True)
            (self.photos / f"{name}.png").rename(self.photos / f"{to}.png")
            self.stale = True

    @rule(to=st.sampled_from(["road", "ignore"]))
    def edit_label_map(self, to: str) -> None:
        self.pipeline["source"]["label_map"]["sky"] = to
        self.stale = True

    @rule(to=st.sampled_from(["none", "zstd"]))
    def edit_compression(self, to: str) -> None:
        self.stale = self.stale or self.pipeline["shards"].get("compression", "none") != to
        self.pipeline["shards"]["compression"] = to

    def write(self) -> Project:
        said = {
            name: {
                "filename": f"{name}.png",
                "size": -1,
                "regions": [
                    {
                        "shape_attributes": {"name": "rect", "x": 0, "y": 0, "width": 8, "height": 5},
                        "region_attributes": {"type": label},
                    }
                ],
                "file_attributes": {},
            }
            for name, label in sorted(self.entries.items())
        }
        (self.root / "data/raw/sample-via/via_region_data.json").write_text(json.dumps(said))
        return write_project(self.root, {"via": self.pipeline})

    @invariant()
    def is_as_from_scratch(self) -> None:
        if not self.stale:
            return
        self.stale = False
        project = self.write()
        folder = project.shards_dir("via")
        old = {path.name: path.stat() for path in folder.glob("*.arrow")} if folder.is_dir() else {}
        convert(project, "via", strict=True)
        manifest = read_manifest(folder)
        assert {row.id for row in manifest.rows} == set(self.entries)
        shards = {entry.name for entry in manifest.metadata.shards}
        assert {path.name for path in folder.iterdir()} == {"manifest.parquet", *shards}
        for name in shards & old.keys():
            now = (folder / name).stat()
            assert (now.st_ino, now.st_mtime_ns) == (old[name].st_ino, old[name].st_mtime_ns)

        with tempfile.TemporaryDirectory() as scratch:
            (Path(scratch) / "data").mkdir()
            (Path(scratch) / "data/raw").symlink_to(self.root / "data/raw")
            again = write_project(Path(scratch), {"via": self.pipeline})
            convert(again, "via")
            assert folder_bytes(folder) == folder_bytes(again.shards_dir("via"))
            assert project.plan_path("via").read_bytes() == again.plan_path("via").read_bytes()
            assert project.check_path("via").read_bytes() == again.check_path("via").read_bytes()


TestHistory = History.TestCase
TestHistory.settings = settings(
    max_examples=20,
    stateful_step_count=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink a failure would take minutes
    suppress_health_check=[HealthCheck.too_slow],
)


def test_a_plan_with_nothing_new_reads_no_photo(tmp_path: Path) -> None:
    machine = History()
    machine.begin(["a", "b", "c", "d"])
    machine.is_as_from_scratch()
    try:
        for photo in machine.photos.iterdir():
            photo.chmod(0)  # which changes its status, so the cache must look once more
            photo.chmod(0o644)
        machine.is_as_from_scratch()
        reads: list[Path] = []
        whole = digest_cache.file_digest
        digest_cache.file_digest = lambda path: reads.append(path) or whole(path)  # type: ignore[func-returns-value]
        try:
            convert(Project(machine.root), "via")
            first = list(reads)
            convert(Project(machine.root), "via")
            assert reads == first
            machine.draw("b")
            convert(Project(machine.root), "via")
            assert [path.name for path in reads[len(first) :]] == ["b.png"]
        finally:
            digest_cache.file_digest = whole
    finally:
        machine.teardown()
