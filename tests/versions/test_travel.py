"""What DVC sends to a remote, and fetches from it, when a few photos of a set have changed: the touched shards alone."""

from __future__ import annotations

from pathlib import Path

from tests.projects import folder_bytes
from tests.versions.repository import Drawn, Repository


def test_only_changed_shards_travel(tmp_path: Path) -> None:
    here = Repository((tmp_path / "here").resolve())
    (here.root / ".gitignore").write_text("/.segdata/\n")
    store, shards = tmp_path / "store", here.project.shards_dir("streets")
    samples = {f"photo{number:02d}": Drawn("train", "0011 0011", grey=number) for number in range(20)}
    here.draw(samples)  # ten shards of two photos
    here.dvc("init", "-q")
    here.dvc("remote", "add", "--default", "store", str(store))
    here.dvc("add", "-q", "data/shards/streets")
    here.git("add", "-A")
    here.git("commit", "-qm", "Twenty streets")
    here.dvc("push", "-q")
    first = folder_bytes(store)
    assert len(first) == 10 + 2  # the shards, the manifest, and DVC's list of them

    there = tmp_path / "there"
    here.git("clone", "-q", ".", str(there))
    clone = Repository.__new__(Repository)
    clone.root, clone.project = there, type(here.project)(there)
    clone.dvc("pull", "-q")
    assert folder_bytes(clone.project.shards_dir("streets")) == folder_bytes(shards)

    samples["photo07"] = Drawn("train", "0012 0011", grey=7)
    here.draw(samples)
    here.dvc("add", "-q", "data/shards/streets")
    here.git("commit", "-qam", "One edited")
    here.dvc("push", "-q")
    second = folder_bytes(store)
    assert len(second.keys() - first.keys()) == 3  # one shard, the manifest, the list
    assert {name: second[name] for name in first} == first

    kept = {
        path.name: path.stat().st_mtime_ns for path in clone.project.shards_dir("streets").glob("*.arrow")
    }
    clone.git("pull", "-q")
    clone.dvc("pull", "-q")
    now = folder_bytes(clone.project.shards_dir("streets"))
    assert now == folder_bytes(shards)
    untouched = kept.keys() & now.keys()
    assert len(untouched) == 9
    assert all(
        (clone.project.shards_dir("streets") / name).stat().st_mtime_ns == kept[name] for name in untouched
    )
