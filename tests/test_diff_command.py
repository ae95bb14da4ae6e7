"""`segdata diff` and `segdata history` over a git repository whose DVC cache holds the versions."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segdata.cli import main
from tests.versions.repository import Drawn, Repository, write_drawn

FIRST = {
    "a": Drawn("train", "0011 0011"),
    "b": Drawn("train", "0000 1111"),
    "c": Drawn("train", "0000 0000"),
    "d": Drawn("test", "01.. 01.."),
}
SECOND = FIRST | {"c": Drawn("train", "0000 0022"), "<e>": Drawn("val", "2222 2222")}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Two committed versions of "streets"; the newer lies in the working tree."""
    made = Repository((tmp_path / "project").resolve())
    made.draw(FIRST)
    made.commit("Four streets")
    made.draw(SECOND)
    made.commit("A street more")
    return made


def run(repository: Repository, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(repository.root), *arguments])


def test_a_revision_against_the_working_tree(repository: Repository) -> None:
    short = repository.git("rev-parse", "--short=7", "HEAD~1")
    date = repository.git("log", "-1", "--format=%cs", "HEAD~1")
    done = run(repository, "diff", "HEAD~1", "--json", str(repository.root / "out.json"))
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[:6] == [
        f"streets: HEAD~1 ({short}, {date}, Four streets) → working tree",
        "  photos         4 → 5: 1 added, 0 removed, 0 moved, 1 re-annotated, 0 photos changed; 3 as they were",
        "  added          <e> (val)",
        "  re-annotated   c (train): 2 of 8 pixels",
        "  pixels         2 sky → car",
        "  class shares   train: sky 66.7 → 58.3 %, car 0.0 → 8.3 %; val: car – → 100.0 %",
    ]
    written = json.loads((repository.root / "out.json").read_text())["streets"]
    assert written["transitions"] == [[6, 0, 2, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert written["added"] == [{"id": "<e>", "split": "val"}]


def test_ids_are_written_whole(repository: Repository) -> None:
    ids = repository.root.parent / "some/ids"
    done = run(repository, "diff", "HEAD~1", "--no-page", "--ids", str(ids))
    assert f"  ids            {ids / 'streets-changed.txt'}: 2 photos" in done.output
    assert (ids / "streets-changed.txt").read_text() == "<e>\nc\n"
    assert (ids / "streets-removed.txt").read_text() == ""
    run(repository, "diff", "HEAD", "HEAD~1", "streets", "--no-page", "--ids", str(ids))
    assert (ids / "streets-changed.txt").read_text() == "c\n"
    assert (ids / "streets-removed.txt").read_text() == "<e>\n"


def test_the_page_stands_alone_and_escapes_names(repository: Repository) -> None:
    assert run(repository, "diff", "HEAD~1").exit_code == 0
    page = (repository.root / "data/diff/streets/index.html").read_text()
    assert "<code>&lt;e&gt;</code>" in page
    assert "<e>" not in page
    assert page.count('src="data:image/jpeg;base64,') == 3  # c: before, after, difference
    assert "<script" not in page
    assert "http" not in page
    assert 'title="sky → car: 2 pixels">2</td>' in page
    first = page
    assert run(repository, "diff", "HEAD~1").exit_code == 0
    assert (repository.root / "data/diff/streets/index.html").read_text() == first


def test_the_page_calls_what_no_class_was_given_by_the_one_name_of_all_pages(repository: Repository) -> None:
    write_drawn(repository.project.shards_dir("streets"), SECOND | {"a": Drawn("train", "0011 ..11")})
    assert run(repository, "diff", "HEAD", "streets").exit_code == 0
    page = (repository.root / "data/diff/streets/index.html").read_text()
    assert 'title="sky → not labelled: 2 pixels">2</td>' in page
    assert "ignore" not in page


def test_two_revisions_two_folders_and_a_mixture(repository: Repository) -> None:
    between = run(repository, "diff", "HEAD~1", "HEAD", "streets", "--no-page")
    assert "4 → 5: 1 added" in between.output
    assert not (repository.root / "data/diff").exists()
    backwards = run(repository, "diff", "HEAD", "HEAD~1", "streets", "--no-page")
    assert "5 → 4: 0 added, 1 removed" in backwards.output
    other = repository.root.parent / "elsewhere"
    write_drawn(other, FIRST)
    folders = run(repository, "diff", str(other), str(repository.project.shards_dir("streets")), "--no-page")
    assert f"streets: {other} → {repository.project.shards_dir('streets')}" in folders.output
    assert "4 → 5: 1 added" in folders.output
    mixed = run(repository, "diff", str(other), "HEAD~1", "streets", "--no-page")
    assert "no difference: 4 photos as before" in mixed.output
    assert "no difference" in run(repository, "diff", "HEAD", "streets", "--no-page").output


def test_what_is_not_in_the_cache_is_said_with_what_to_do(repository: Repository) -> None:
    train = sorted(repository.project.shards_dir("streets").glob("train-*"))
    cached = repository.cached()
    bytes_of = {path: path.read_bytes() for path in cached}
    now = {path.read_bytes() for path in repository.project.shards_dir("streets").iterdir()}
    for path, data in bytes_of.items():
        if data not in now and data.startswith(b"ARROW1"):
            path.unlink()  # shards only the older version has
    assert len(train) == 2
    done = run(repository, "diff", "HEAD~1")
    assert done.exit_code == 2
    assert "found 1 of 3 shards not in DVC's cache, such as train-" in done.output
    short = repository.git("rev-parse", "--short=7", "HEAD~1")
    folder = f".segdata/at-{short}/streets"
    command = f"dvc get . data/shards/streets --rev {short} -o {folder}"
    assert f"Run {command}, and give {folder} instead of HEAD~1." in done.output
    assert "in part" in run(repository, "history", "streets").output
    for path in cached:
        path.unlink(missing_ok=True)
    done = run(repository, "diff", "HEAD~1")
    assert done.exit_code == 2
    assert "data/shards/streets at HEAD~1: found that its data are not in DVC's cache" in done.output
    assert "not here" in run(repository, "history", "streets").output


def test_a_shard_of_another_size_is_told_though_no_photo_differs(repository: Repository) -> None:
    said = run(repository, "diff", "HEAD", "streets", "--no-page").output
    assert "no difference" in said and "damaged" not in said
    shard = sorted(repository.project.shards_dir("streets").glob("train-*"))[0]
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-7])
    done = run(repository, "diff", "HEAD", "streets", "--no-page")
    assert done.exit_code == 0
    assert done.output.splitlines()[-1] == (
        f"  damaged        working tree: {shard.name} has {len(whole) - 7:,} bytes; its manifest says "
        f"{len(whole):,}: segdata verify streets"
    )


def test_wrong_names_are_one_line(repository: Repository) -> None:
    for arguments, said in (
        (("diff", "HEAD~7"), "HEAD~7: found neither a shard set's folder nor a git revision"),
        (("diff", "--", "--output=x"), "--output=x: found neither a shard set's folder nor a git revision"),
        (("diff", "HEAD~1", "HEAD", "stret"), "no pipeline 'stret'"),
        (("diff", "HEAD", "others"), "data/shards/others at HEAD: found nothing that DVC tracked"),
        (("history", "stret"), "no pipeline 'stret'"),
    ):
        done = run(repository, *arguments)
        assert (done.exit_code, len(done.output.splitlines())) == (2, 1), done.output
        assert said in done.output
    assert not (repository.root / "x").exists()


def test_damaged_files_of_dvc_are_named(repository: Repository) -> None:
    listing = next(path for path in repository.cached() if path.name.endswith(".dir"))
    for path in repository.cached():
        if path.name.endswith(".dir"):
            path.write_text('[{"md5": "../../../etc/passwd", "relpath": "manifest.parquet"}]')
    assert "a damaged list of files" in run(repository, "diff", "HEAD~1").output
    listing.write_text("no list")
    (repository.root / "dvc.lock").write_text("stages: [1, 2]\n")
    repository.git("commit", "-qam", "Damaged")
    done = run(repository, "diff", "HEAD")
    assert done.exit_code == 2
    assert "dvc.lock: " in done.output
    assert "found what DVC did not write" in done.output


def test_conflict_markers_in_files_of_dvc_are_called_by_their_name(repository: Repository) -> None:
    repository.git("checkout", "-qb", "other", "HEAD~1")
    repository.draw(FIRST | {"f": Drawn("val", "1111 1111")})
    repository.commit("Another street more")
    with pytest.raises(subprocess.CalledProcessError):
        repository.git("merge", "-q", "main")
    line = (repository.root / "dvc.lock").read_text().splitlines().index("<<<<<<< HEAD") + 1
    for arguments in (("history", "streets"), ("diff", "HEAD", "streets", "--no-page")):
        done = run(repository, *arguments)
        if arguments[0] == "history":
            assert done.exit_code == 2
            assert f"dvc.lock: line {line}: found git's conflict markers; expected a file" in done.output
        else:
            assert "no difference: 5 photos as before" in done.output, "a commit is whole"
    lock = (repository.root / "dvc.lock").read_text()
    (repository.root / "dvc.lock").unlink()
    repository.git("rm", "-q", "--cached", "dvc.lock")
    pointer = repository.root / "data/shards/streets.dvc"
    pointer.write_text("outs:\n" + lock[lock.index("<<<<<<<") :])
    assert "streets.dvc: line 2: found git's conflict" in run(repository, "history", "streets").output
    repository.git("add", "-f", "data/shards/streets.dvc")
    repository.git("commit", "-qm", "Markers and all")
    short = repository.git("rev-parse", "--short=7", "HEAD")
    said = run(repository, "diff", "HEAD", "streets", "--no-page").output
    assert f"streets.dvc: {short}, line 2: found git's conflict markers" in said


def test_history_lists_each_content_once_with_the_commit_that_made_it(repository: Repository) -> None:
    (repository.root / "note.txt").write_text("Nothing about shards.\n")
    lock = repository.root / "dvc.lock"
    lock.write_text(lock.read_text() + "  other:\n    cmd: other\n")
    repository.git("add", "-A")
    repository.git("commit", "-qm", "Another stage")
    hashes = repository.git("log", "--format=%h", "--abbrev=7").split()
    date = repository.git("log", "-1", "--format=%cs")
    size = sum(path.stat().st_size for path in repository.project.shards_dir("streets").iterdir())
    lines = run(repository, "history", "streets").output.splitlines()
    assert lines[0] == f"{hashes[1]}  {date}  A street more"
    assert (
        lines[1] == f"         5 samples (train 3, val 1, test 1), 3 classes, {size / 2**20:,.1f} MiB, here"
    )
    assert lines[2] == f"{hashes[2]}  {date}  Four streets"
    assert lines[3].startswith("         4 samples (train 3, test 1), 3 classes, ")
    assert len(lines) == 4
    assert run(repository, "history", "streets", "--most", "1").output.splitlines()[2] == (
        "older ones: segdata history streets --most 2"
    )
    lock.write_text(lock.read_text().replace("data/shards/streets", "data/shards/others"))
    assert "git knows no version" not in run(repository, "history", "streets").output
    assert run(repository, "history", "others").output.splitlines()[0].startswith("not committed")


def test_dvc_itself_lays_the_cache_out_as_it_is_read(tmp_path: Path) -> None:
    made = Repository((tmp_path / "project").resolve())
    (made.root / ".gitignore").write_text("/data/diff/\n/.segdata/\n")
    made.draw(FIRST)
    made.dvc("init", "-q")
    made.dvc("cache", "dir", str(tmp_path / "store"))  # a cache elsewhere, as teams share one
    made.dvc("add", "-q", "data/shards/streets")
    made.git("add", "-A")
    made.git("commit", "-qm", "Four streets")
    shutil.rmtree(made.project.shards_dir("streets"))
    made.draw(SECOND)
    made.dvc("add", "-q", "data/shards/streets")
    made.git("commit", "-qam", "A street more")
    done = run(made, "diff", "HEAD~1", "--no-page")
    assert "4 → 5: 1 added" in done.output, done.output
    assert "2 sky → car" in done.output
    said = run(made, "history", "streets").output
    assert [line.split()[-1] for line in said.splitlines()[1::2]] == ["here", "here"]
