"""`segdata add` and `segdata remove`: what they print, exit codes, and DVC's pointer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from segdata.cli import main
from tests.adding.cases import Case, tree, via_case
from tests.projects import convert, folder_bytes, sample_pipeline


def segdata(case: Case, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["--project", str(case.project.root), *map(str, arguments)])


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return via_case(tmp_path)


def test_what_was_added_and_what_is_redone(case: Case) -> None:
    pipeline = sample_pipeline("via") | {"shards": {"size_hw": [12, 16]}}
    (case.project.root / "pipelines/small.yaml").write_text(yaml.safe_dump(pipeline))
    (case.project.root / "params.yaml").write_text(
        "pipelines: {via: {raw: sample-via, format: via, model: mininet}}\n"
    )
    convert(case.project, "via")
    done = segdata(case, "add", "via", *case.photos, "--annotations", case.new / "new.json")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "via: 2 photos, 2 annotations added",
        "  segdata convert small redoes small: every photo, as it has no shards yet (2 photos to convert of them new)",
        "  dvc repro redoes via: 2 photos to convert, at most 1 of 3 shards; then train, evaluate, report",
    ]
    before = folder_bytes(case.project.shards_dir("via"))
    convert(case.project, "via")
    after = folder_bytes(case.project.shards_dir("via"))
    assert len({name for name in after if name not in before and name.endswith(".arrow")}) == 1
    out = segdata(case, "remove", "via", "IMG_0003")
    assert out.exit_code == 0, out.output
    assert out.output.splitlines()[0] == "  photos/IMG_0003.jpg"
    assert out.output.splitlines()[1].startswith("via: 1 file moved to .segdata/removed/")
    assert out.output.splitlines()[1].endswith("/sample-via, via_region_data.json edited")


def test_refused_set_aside_and_tried(case: Case) -> None:
    case.photos[1].write_bytes(b"no photo")
    before = tree(case.root)
    arguments = ("add", "via", case.new, "--annotations", case.new / "new.json")
    refused = segdata(case, *arguments)
    assert refused.exit_code == 2
    assert f"  {case.photos[1]}: found a file that is no readable image" in refused.output
    assert refused.output.endswith("error: via: 1 cannot be taken, so nothing was added\n")
    tried = segdata(case, *arguments, "--skip-bad", "--dry-run")
    assert tried.exit_code == 1
    assert "via: 1 photo, 1 annotation would be added; 1 set aside, listed above\n" in tried.output
    assert tree(case.root) == before
    assert segdata(case, *arguments, "--skip-bad").exit_code == 1
    assert (case.root / "photos/IMG_0003.jpg").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "via"), "neither photos nor --annotations"),
        (("add", "via", "nowhere.jpg"), "nowhere.jpg: found no such file; expected a photo to add"),
        (("add", "vai", "x.jpg"), "did you mean 'via'?"),
        (("remove", "via"), "segdata remove: found no ids"),
        (("remove", "via", "--from", "nowhere.txt"), "--from: found nowhere.txt: "),
    ],
)
def test_what_cannot_be_done_is_said(case: Case, arguments: tuple[str, ...], message: str) -> None:
    done = segdata(case, *arguments)
    assert done.exit_code == 2 and message in done.output and "Traceback" not in done.output


def test_a_list_of_ids_is_removed(case: Case, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("IMG_0001\n\nIMG_0002\n")
    tried = segdata(case, "remove", "via", "--from", tmp_path / "list.txt", "--dry-run")
    assert "via: 2 files would be moved to .segdata/removed, via_region_data.json edited" in tried.output
    assert segdata(case, "remove", "via", "--from", tmp_path / "list.txt").exit_code == 0
    assert not (case.root / "photos/IMG_0001.jpg").exists()


def test_the_pointer_of_dvc_follows(case: Case) -> None:
    def dvc(*arguments: str) -> None:
        done = [sys.executable, "-m", "dvc", *arguments]
        subprocess.run(done, cwd=case.project.root, check=True, capture_output=True)

    dvc("init", "--no-scm", "--quiet")
    dvc("add", "--quiet", "data/raw/sample-via")
    pointer = case.root.with_name("sample-via.dvc")
    assert yaml.safe_load(pointer.read_text())["outs"][0]["nfiles"] == 10
    done = segdata(case, "add", "via", *case.photos, "--annotations", case.new / "new.json")
    assert "  data/raw/sample-via.dvc updated\n" in done.output
    assert yaml.safe_load(pointer.read_text())["outs"][0]["nfiles"] == 12
