"""What DVC sends to a remote, and fetches from it, when a few photos of a set have changed: the touched shards alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from segdata.cli import main
from segdata.project import Project
from segdata.shards.manifest import read_manifest
from segdata.shards.schema import MANIFEST
from tests.moto_server import KEYS, s3_server, stored
from tests.projects import folder_bytes
from tests.versions.repository import Drawn, Repository

Objects = dict[str, tuple[int, str]]
"""Key → size and digest."""


@pytest.fixture(params=["folder", "s3"])
def remote(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[list[str], Callable[[], Objects]]]:
    """The DVC commands that name an empty remote, and a look at all that lies there."""
    if request.param == "folder":
        store = tmp_path / "store"

        def look() -> Objects:
            digests = folder_bytes(store)
            return {name: ((store / name).stat().st_size, digest) for name, digest in digests.items()}

        yield [f"remote add --default store {store}"], look
        return
    import boto3

    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with s3_server() as address:
        client = boto3.client("s3", endpoint_url=f"http://{address}")
        client.create_bucket(Bucket="bucket")
        client.close()
        commands = [
            "remote add --default store s3://bucket/dvc",
            f"remote modify store endpointurl http://{address}",
        ]
        yield commands, lambda: stored(address, "bucket")


def clone(of: Repository, to: Path) -> Repository:
    of.git("clone", "-q", ".", str(to))
    made = Repository.__new__(Repository)
    made.root, made.project = to, Project(to)
    return made


def test_only_changed_shards_travel(tmp_path: Path, remote: tuple[list[str], Callable[[], Objects]]) -> None:
    commands, look = remote
    here = Repository((tmp_path / "here").resolve())
    (here.root / ".gitignore").write_text("/.segdata/\n")
    shards = here.project.shards_dir("streets")
    samples = {f"photo{number:02d}": Drawn("train", "0011 0011", grey=number) for number in range(20)}
    here.draw(samples)  # ten shards of two photos
    keep = ["add -q data/shards/streets", "push -q"]
    here.dvc_each([command.split() for command in ("init -q", *commands, *keep)])
    here.git("add", "-A")
    here.git("commit", "-qm", "Twenty streets")
    first = look()
    assert len(first) == 10 + 2  # the shards, the manifest, and DVC's list of them
    pushed = sum(path.stat().st_size for path in shards.iterdir())
    (listing,) = [size for name, (size, _) in first.items() if name.endswith(".dir")]
    assert sum(size for size, _ in first.values()) == pushed + listing

    there = clone(here, tmp_path / "there")
    there.dvc("pull", "-q")
    copied = there.project.shards_dir("streets")
    assert folder_bytes(copied) == folder_bytes(shards)
    before = {path.name for path in shards.glob("*.arrow")}

    samples["photo07"] = Drawn("train", "0012 0011", grey=7)
    here.draw(samples)
    here.dvc_each([command.split() for command in keep])
    here.git("commit", "-qam", "One edited")
    second = look()
    assert {name: second[name] for name in first} == first
    new = [second[name][0] for name in second.keys() - first.keys()]
    (shard,) = [entry for entry in read_manifest(shards).metadata.shards if entry.name not in before]
    assert sum(new) == shard.bytes + (shards / MANIFEST).stat().st_size + listing
    assert len(new) == 3  # one shard, the manifest, the list

    kept = {path.name: path.stat().st_mtime_ns for path in copied.glob("*.arrow")}
    there.git("pull", "-q")
    cached = set((there.root / ".dvc/cache").rglob("*"))
    there.dvc("pull", "-q")
    fetched = [
        path for path in (there.root / ".dvc/cache").rglob("*") if path.is_file() and path not in cached
    ]
    assert sorted(path.stat().st_size for path in fetched) == sorted(new)
    now = folder_bytes(copied)
    assert now == folder_bytes(shards)
    untouched = kept.keys() & now.keys()
    assert len(untouched) == 9
    assert all((copied / name).stat().st_mtime_ns == kept[name] for name in untouched)


def test_the_one_version_that_lacks_is_fetched_by_the_command_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Repository((tmp_path / "here").resolve())
    (here.root / ".gitignore").write_text("/.segdata/\n")
    samples = {f"photo{number}": Drawn("train", "0011 0011", grey=number) for number in range(4)}
    here.draw(samples)
    keep = ["add -q data/shards/streets", "push -q"]
    commands = ["init -q", f"remote add --default store {tmp_path / 'store'}", *keep]
    here.dvc_each([command.split() for command in commands])
    here.git("add", "-A")
    here.git("commit", "-qm", "Four streets")
    here.draw(samples | {"photo3": Drawn("train", "0012 0011", grey=3)})
    here.dvc_each([command.split() for command in keep])
    here.git("commit", "-qam", "One edited")

    there = clone(here, tmp_path / "there")
    there.dvc("pull", "-q")
    arguments = ["--project", str(there.root), "diff", "--no-page"]
    done = CliRunner().invoke(main, [*arguments, "HEAD~1"])
    assert done.exit_code == 2
    named = re.search(r"Run dvc (get \. \S+ --rev [0-9a-f]{7} -o (\S+)), and give \2 instead", done.output)
    assert named is not None, done.output
    there.dvc(*named[1].split())
    monkeypatch.chdir(there.root)
    done = CliRunner().invoke(main, [*arguments, named[2]])
    assert "re-annotated   photo3 (train): 1 of 8 pixels" in done.output, done.output
    assert "1 re-annotated, 0 photos changed; 3 as they were" in done.output
    assert there.git("status", "--porcelain") == ""
