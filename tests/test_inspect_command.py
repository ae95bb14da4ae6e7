"""`segdata inspect`: what is printed, what is written, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segdata.cli import main
from segdata.inspection import name_of
from segdata.pipeline import read_pipeline
from segdata.project import Project
from tests.formats.via_cases import box, one_photo
from tests.inspection.folders import fake_surveys, masks_survey, survey, write_masks
from tests.projects import convert, write_project

IDS = [f"{number:03}" for number in range(40)]


def segdata(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with 40 photos and masks in data/raw/My Street, which the format of masks knows."""
    made = write_project((tmp_path / "project").resolve(), {})
    write_masks(made.root / "data/raw/My Street", IDS, values=(0, 1, 255))
    seen = masks_survey(IDS, labels={0: 40, 1: 40, 255: 40}, label_map={0: "road", 1: "car", 255: "ignore"})
    fake_surveys(monkeypatch, {"masks": seen})
    return made


def inspect(project: Project, *arguments: str) -> Result:
    return segdata("--project", str(project.root), "inspect", *arguments)


def test_a_folder_becomes_a_pipeline_that_converts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    done = inspect(project, "data/raw/My Street")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == "data/raw/My Street: masks (certain)"
    assert "  sizes       40 × 48x64 (height x width, upright)" in lines
    assert "wrote pipelines/my-street.yaml" in lines
    assert lines[lines.index("add to params.yaml, under pipelines:") + 1 :] == [
        "  my-street: {raw: My Street, format: masks, model: mini_unet}",
        "and then:",
        "  segdata show my-street",
        "  segdata check my-street",
        "  segdata convert my-street",
        "  dvc add 'data/raw/My Street'",
        "  dvc repro",
    ]
    (project.root / "params.yaml").write_text("pipelines:\n" + lines[lines.index("and then:") - 1] + "\n")
    pipeline = project.pipeline("my-street")  # holds the file against that line
    assert pipeline.source.root == "data/raw/My Street"
    assert pipeline.source.label_map == {0: "road", 1: "car", 255: "ignore"}
    summary = convert(project, "my-street")
    assert sum(summary.samples.values()) == 40 and summary.set_aside == 0
    assert sum(split["road"] for split in summary.pixels.values()) == 40 * 48 * 22
    assert sum(summary.ignored.values()) == 40 * 48 * 20


def test_no_file_is_overwritten(project: Project) -> None:
    raw = str(project.root / "data/raw/My Street")
    (project.root / "pipelines/my-street.yaml").write_text("mine\n")
    done = inspect(project, raw)
    assert done.exit_code == 2
    assert "pipelines/my-street.yaml: found a file of this name" in done.stderr
    assert "--name NAME" in done.stderr
    assert (project.root / "pipelines/my-street.yaml").read_text() == "mine\n"
    assert inspect(project, raw, "--name", "other").exit_code == 0
    assert read_pipeline(project.root / "pipelines/other.yaml").title == "other"
    again = inspect(project, raw, "--name", "other")
    assert (again.exit_code, "pipelines/other.yaml: found a file" in again.stderr) == (2, True)
    for wrong in ("../x", "a b", "", ".x", "a/b"):
        refused = inspect(project, raw, "--name", wrong)
        assert (refused.exit_code, "--name: found" in refused.stderr) == (2, True), wrong
    assert sorted(path.name for path in (project.root / "pipelines").iterdir()) == [
        "my-street.yaml",
        "other.yaml",
    ]


def test_looking_writes_nothing_and_needs_no_project(project: Project, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write_masks(outside, IDS[:2])
    done = segdata("inspect", str(outside), "--no-write")
    assert done.exit_code == 0
    assert done.output.startswith(f"{outside}: masks (certain)\n")
    assert "wrote" not in done.output
    assert list((project.root / "pipelines").iterdir()) == []


def test_a_folder_outside_the_project_is_refused_with_what_to_do(project: Project, tmp_path: Path) -> None:
    outside = tmp_path / "My Photos"
    write_masks(outside, IDS[:2])
    done = inspect(project, str(outside))
    assert done.exit_code == 2
    assert f"{outside}: found a folder outside the project {project.root}" in done.stderr
    assert f"cp -r '{outside}' data/raw/my-photos" in done.stderr
    assert "(ln -s" not in done.stderr and "DVC keeps no linked folder" in done.stderr
    link = project.root / "data/raw/linked"
    link.symlink_to(outside)
    assert inspect(project, str(link)).exit_code == 0
    assert read_pipeline(project.root / "pipelines/linked.yaml").source.root == "data/raw/linked"
    for folder in ("", "data", "data/raw"):
        refused = inspect(project, str(project.root / folder))
        assert (refused.exit_code, "expected the folder of one set" in refused.stderr) == (2, True)


def test_a_project_reached_through_a_link_is_the_same_project(project: Project, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(project.root)
    done = segdata("--project", str(tmp_path / "way"), "inspect", str(tmp_path / "way/data/raw/My Street"))
    assert done.exit_code == 0, done.output
    assert (project.root / "pipelines/my-street.yaml").is_file()


def test_a_folder_beside_data_raw_is_told_to_move_for_dvc(project: Project) -> None:
    write_masks(project.root / "photos", IDS)
    done = inspect(project, str(project.root / "photos"))
    assert done.exit_code == 0
    assert "dvc repro watches data/raw/ alone: move photos there" in done.output
    assert "params.yaml" not in done.output


def test_several_formats_that_see_it_are_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = project.root / "data/raw/My Street"
    seen = {
        "masks": masks_survey(IDS, certainty="likely"),
        "voc": survey("voc", certainty="possible", evidence="40 masks, palettised", labels={}),
    }
    fake_surveys(monkeypatch, seen)
    done = inspect(project, str(raw), "--no-write")
    assert "My Street: masks (likely)" in done.output
    assert "also voc (possible): 40 masks, palettised; --format voc takes that instead" in done.output
    assert "My Street: voc (possible)" in inspect(project, str(raw), "--format", "voc", "--no-write").output


def test_a_folder_that_no_format_knows(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_surveys(monkeypatch, {})
    done = inspect(project, str(project.root / "data/raw/My Street"))
    assert done.exit_code == 2
    assert "80 photos, and no annotation that segdata knows. It reads" in done.stderr
    assert "\n  masks       Plain mask folders: a photo and a mask of the same name" in done.stderr
    assert "\n  via         VGG Image Annotator (VIA)" in done.stderr
    wrong = inspect(project, str(project.root / "data/raw/My Street"), "--format", "mask")
    assert (wrong.exit_code, "--format: found 'mask'; did you mean 'masks'" in wrong.stderr) == (2, True)
    absent = inspect(project, str(project.root / "data/raw/absent"))
    assert (absent.exit_code, "found no such folder" in absent.stderr) == (2, True)


def test_no_file_is_started_where_nothing_can_be_read(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = project.root / "data/raw/half"
    half.mkdir()
    fake_surveys(monkeypatch, {"masks": masks_survey(["a", "b"])})
    for what, why in (
        ("", "as the source cannot be opened: "),
        ("image mask", "as no photo can be used as it lies: the findings say why"),
        (
            "image/a.png mask/a.png",
            "as no photo can be read with its annotation; the first: image/a.png: found",
        ),
    ):
        for name in what.split():
            (half / name).parent.mkdir(exist_ok=True)
            (half / name).write_bytes(b"no image") if "." in name else (half / name).mkdir()
        done = inspect(project, str(half))
        assert (done.exit_code, f"error: no pipeline file is written, {why}" in done.stderr) == (2, True), (
            done.stderr
        )
        assert not (project.root / "pipelines/half.yaml").exists()
    write_masks(half, ["b"])
    done = inspect(project, str(half))
    assert done.exit_code == 0, done.stderr
    assert (project.root / "pipelines/half.yaml").exists()


def test_labels_that_are_void_by_name_or_empty_are_printed_to_check(tmp_path: Path) -> None:
    project = write_project(tmp_path, {})
    root = project.root / "data/raw/via"
    regions = box(0, 0, 7, 1), box(0, 2, 7, 3, type="void"), box(0, 4, 7, 5, kind="x")
    one_photo(root, *regions)
    done = inspect(project, str(root))
    assert done.exit_code == 0, done.stderr
    assert (
        "  - The label 'void' is mapped to ignore because of its name: is that what it means?" in done.output
    )
    assert (
        "  - 1 region without a class: 'unnamed' here. Say what that is, or map \"\" to ignore."
        in done.output
    )
    written = (project.root / "pipelines/via.yaml").read_text()
    assert (
        '"": unnamed  # 1 region; CHECK: regions that say no class; name what they are, or ignore' in written
    )


@pytest.mark.parametrize(
    ("root", "name"),
    [
        ("data/raw/mine", "mine"),
        ("data/raw/My Street/train", "my-street-train"),
        ("data/raw/Müller_Straße.2", "muller-strasse-2"),
        ("data/raw/日本", "photos"),
        ("elsewhere/x--y", "elsewhere-x-y"),
    ],
)
def test_names_are_kebab_case(root: str, name: str) -> None:
    assert name_of(root) == name


def test_help_says_what_the_exit_codes_mean() -> None:
    said = segdata("inspect", "--help").output
    assert (
        "Exit code 0  the file is written (--no-write: a format knows the folder); findings change nothing in that"
        in said
    )
    assert "Exit code 2  no file: nothing there can be read, or none may be written" in said
