"""The whole road under DVC, in a copy of the project made small, with the README as the script.

Every ```sh block of the README is run here in the order it stands; the two make commands are run by CI itself.
The tests of this file build on each other: one project lives through them, as a user's would.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from PIL import Image

from segdata.project import Project
from segdata.sample_data import write_sample_set
from segdata.shards import ShardSet
from tests.browser import wait_for
from tests.flows.test_convert_flow import stop_server
from tests.miniatures import write_campus_via
from tests.projects import REPOSITORY, folder_bytes
from tests.road import BLOCKS, README, RUN, YAML, Road, readme_block

pytestmark = pytest.mark.road


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    root = tmp_path_factory.mktemp("road") / "segdata"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name not in ("", "dvc.lock") and (REPOSITORY / name).is_file():  # a lock is what somebody ran here
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, root / name)
    (root / ".venv").symlink_to(sys.prefix)
    road = Road(root, tmp_path_factory.mktemp("store"))
    params = yaml.safe_load((root / "params.yaml").read_text())
    params["sample"] |= {"num_scenes": 10, "size_hw": [120, 160]}
    params["pipelines"] = {name: params["pipelines"][name] for name in ("sample-via", "sample-voc")}
    (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    dvc = (root / "dvc.yaml").read_text()
    (root / "dvc.yaml").write_text(dvc.replace("[via, matlab, cityscapes, voc]", "[via, voc]"))
    for name in ("sample-via", "sample-voc"):
        road.edit(name, "shards", "size_hw", [48, 64])
        road.edit(name, "train", "epochs", 2)
    road.sh(
        "git init -q -b main . && git config user.name Somebody && git config user.email somebody@example.org\n"
        "printf '/.venv\\n' >> .git/info/exclude\n"
        "git add -A && git commit -qm start"
    )
    yield road
    stop_server(road.project)


def test_the_first_repro_makes_everything_and_is_clean_after(road: Road) -> None:
    ran, _ = road.repro()
    pipelines = ("sample-via", "sample-voc")
    stages = {f"{stage}@{name}" for stage in ("convert", "train", "evaluate") for name in pipelines}
    assert ran == {"sample@via", "sample@voc", "report", *stages}
    assert road.sh("dvc status").strip() == "Data and pipelines are up to date."
    assert road.sh("git status --porcelain").split() == ["??", "dvc.lock"]
    assert (road.root / "data/report/index.html").stat().st_size > 50_000
    assert "data/evaluation/sample-via/scored.json" in (road.root / "dvc.lock").read_text()
    assert "cannot be told" not in (road.root / "data/report/index.html").read_text()
    road.sh("git add -A && git commit -qm first")


def test_a_second_repro_does_nothing_and_says_so(road: Road) -> None:
    ran, said = road.repro()
    assert ran == set()
    assert "Data and pipelines are up to date." in said


def test_the_tour_of_the_readme(road: Road) -> None:
    said = road.sh(readme_block("segdata pipelines"))
    assert re.search(r"sample-via +via +mininet +yes +yes +yes +yes", said)
    assert "train@sample-voc" in said
    assert re.search(r"data/evaluation/sample-via/metrics\.json +\d", said)
    page = (road.root / "dvc_plots/index.html").read_text()
    assert "sample-via, loss and validation scores" in page
    assert "sample-voc, IoU per class" in page
    assert "sample-voc, what each class is taken for" in page


def test_an_edited_pipeline_reruns_alone_and_only_what_it_matters_to(road: Road) -> None:
    road.edit("sample-voc", "train", "lr", 0.004)
    ran, _ = road.repro()
    assert ran == {"train@sample-voc", "evaluate@sample-voc", "report"}
    diff = json.loads(road.sh("dvc metrics diff --json"))
    assert set(diff) == {"data/evaluation/sample-voc/metrics.json"}


def test_a_typo_stops_the_road_and_costs_nothing(road: Road) -> None:
    path = road.root / "pipelines/sample-voc.yaml"
    right = path.read_text()
    weights = folder_bytes(road.project.run_dir("sample-voc"))
    path.write_text(right.replace("epochs:", "epoks:"))
    said = road.sh("dvc repro 2>&1 && exit 1 || true")
    assert "pipelines/sample-voc.yaml: train: found unknown key 'epoks'; did you mean 'epochs'?" in said
    assert "unknown key 'epoks'" in road.sh("segdata pipelines --check 2>&1 && exit 1 || true")
    code = road.root / "segdata/formats/via.py"
    code.write_text(code.read_text() + "\n# Another pipeline has work.\n")
    said = road.sh("dvc repro --keep-going 2>&1 && exit 1 || true")
    assert "unknown key 'epoks'" in said
    assert "sample-via: 10 samples" in said
    assert re.search(r"failed to reproduce '\w+@sample-voc'", said)
    assert folder_bytes(road.project.run_dir("sample-voc")) == weights
    path.write_text(right)
    assert road.repro()[0] == set()


def test_a_change_in_a_format_converts_that_format_and_trains_nobody(road: Road) -> None:
    code = road.root / "segdata/formats/via.py"
    code.write_text(code.read_text() + "\n# A remark.\n")
    ran, said = road.repro()
    assert ran == {"convert@sample-via"}
    assert "10 converted, 0 unchanged" in said


def test_one_more_annotated_photo_changes_only_what_it_must(road: Road, tmp_path: Path) -> None:
    raw = road.root / "data/raw/sample-via"
    shards = road.project.shards_dir("sample-via")
    before = {row.id: row for row in ShardSet.open(shards).manifest.rows}
    voc = folder_bytes(road.project.shards_dir("sample-voc"))
    write_sample_set("via", tmp_path, num_scenes=4, size_hw=(120, 160), seed=99)
    shutil.copy(tmp_path / "photos/IMG_0001.jpg", raw / "photos/street.jpg")
    entry = next(iter(json.loads((tmp_path / "via_region_data.json").read_text()).values()))
    assert entry["filename"] == "IMG_0001.jpg"
    loaded = json.loads((raw / "via_region_data.json").read_text())
    loaded["street.jpg" + str(entry["size"])] = {**entry, "filename": "street.jpg"}
    (raw / "via_region_data.json").write_text(json.dumps(loaded))

    said = road.sh(readme_block("dvc repro\n"))
    ran = set(re.findall(r"Running stage '([^']+)'", said))
    assert ran == {"sample@via", "convert@sample-via", "train@sample-via", "evaluate@sample-via", "report"}
    assert "1 converted, 10 unchanged" in said
    assert (raw / "photos/street.jpg").is_file()
    after = {row.id: row for row in ShardSet.open(shards).manifest.rows}
    assert set(after) - set(before) == {"street"}
    for id, row in before.items():
        assert (after[id].split, after[id].image_digest, after[id].mask_digest) == (
            row.split,
            row.image_digest,
            row.mask_digest,
        )
    assert folder_bytes(road.project.shards_dir("sample-voc")) == voc
    assert road.repro()[0] == set()


def test_a_set_of_ones_own(road: Road) -> None:
    raw = road.root / "data/raw/mine"
    write_sample_set("via", raw, num_scenes=24, size_hw=(120, 160), seed=7)
    (raw / "SAMPLE.json").unlink()
    said = road.sh(readme_block("segdata inspect"))
    assert "via_region_data.json (VIA 2 annotations): 24 photos annotated" in said
    assert (road.root / "pipelines/mine.yaml").is_file()
    (road.root / "pipelines/mine.yaml").write_text(YAML[0])
    params = road.root / "params.yaml"
    params.write_text(params.read_text().replace("pipelines:\n", f"pipelines:\n{YAML[1]}", 1))
    road.sh(f"(\n{readme_block('segdata check mine')}) || [ $? = 1 ]")
    assert (road.root / "data/check-report/mine/index.html").stat().st_size > 5_000
    road.sh(readme_block("segdata show mine"))
    assert len(list((road.root / "data/shown/mine").glob("*.png"))) >= 3
    said = road.sh(readme_block("dvc add data/raw/mine"))
    assert set(re.findall(r"Running stage '([^']+)'", said)) == {
        "convert@mine",
        "train@mine",
        "evaluate@mine",
        "report",
    }
    assert "mine: 24 samples" in said
    assert ShardSet.open(road.project.shards_dir("mine")).ontology.names == ("road", "car", "person")
    assert "0 converted, 24 unchanged" in road.sh(readme_block("segdata convert mine --strict"))


def test_more_photos_are_added_and_paid_for_alone(road: Road, tmp_path: Path) -> None:
    write_sample_set("via", tmp_path, num_scenes=4, size_hw=(120, 160), seed=31)
    drawn = json.loads((tmp_path / "via_region_data.json").read_text()).values()
    new = road.root / "new"
    new.mkdir()
    entries = {}
    for entry in list(drawn)[:2]:
        name = entry["filename"].replace("IMG", "roll")
        shutil.copy(tmp_path / "photos" / entry["filename"], new / name)
        entries[f"{name}{entry['size']}"] = {**entry, "filename": name}
    (new / "via_region_data.json").write_text(json.dumps(entries))
    road.sh(readme_block("segdata add mine new/"))
    shutil.rmtree(new)
    said = road.sh("dvc repro 2>&1")
    assert "2 converted, 24 unchanged" in said
    assert set(re.findall(r"Running stage '([^']+)'", said)) == {
        "convert@mine",
        "train@mine",
        "evaluate@mine",
        "report",
    }


def test_a_look_at_the_set(road: Road) -> None:
    block = readme_block("segdata browse mine").replace("browse mine", "browse mine --port 0 --no-open")
    said = road.sh(
        f"{block.strip()} > browse.log 2>&1 &\n"
        "for second in $(seq 60); do grep -q 'look at them' browse.log && break; sleep 1; done\n"
        "address=$(grep -o 'http://[^ ]*' browse.log)\n"
        "python -c \"import urllib.request as u; print(u.urlopen('${address}api/set').read().decode())\"\n"
        "kill %1; wait %1"
    )
    seen = json.loads(said)
    assert (seen["name"], seen["photos"], seen["model"]["why_not"]) == ("mine", 26, "")
    assert (road.root / "browse.log").read_text().startswith("mine: 26 photos\n")
    (road.root / "browse.log").unlink()


def test_the_model_in_a_browser(road: Road) -> None:
    block = readme_block("segdata serve sample-via").replace("--open", "--port 0")
    said = road.root / "served.txt"
    photo = next((road.root / "data/raw/sample-via/photos").glob("*.jpg"))
    program = subprocess.Popen(
        ["bash", "-c", f"source .venv/bin/activate; exec {block.strip()} > {said}"],
        cwd=road.root,
        env=os.environ | {"PYTHONPATH": str(road.root), "OMP_NUM_THREADS": "1"},
    )
    try:
        wait_for(lambda: said.exists() and "page: " in said.read_text(), "the page", 120)
        url = re.findall(r"page: (\S+)", said.read_text())[0]
        answer = httpx.post(f"{url}predict", files={"file": (photo.name, photo.read_bytes())}, timeout=60)
        with Image.open(io.BytesIO(answer.content)) as mask:
            assert (mask.mode, mask.size) == ("P", (160, 120))
    finally:
        program.terminate()
        assert program.wait(30) == 0
    said.unlink()


def test_the_model_draws_and_a_correction_is_learned_from(road: Road, tmp_path: Path) -> None:
    write_sample_set("via", tmp_path, num_scenes=4, size_hw=(120, 160), seed=83)
    new = road.root / "new"
    new.mkdir()
    shutil.copy(tmp_path / "photos/IMG_0001.jpg", new / "draft.jpg")
    assert "Drafts, not the very masks" in road.sh(readme_block("segdata predict mine new"))
    path = road.root / "data/predicted/new/via/via_project.json"
    project = json.loads(path.read_text())
    (entry,) = project["_via_img_metadata"].values()
    assert {*entry["regions"][0]["region_attributes"]} == {"type"}, "as the set's own annotations say it"
    shape = {"name": "rect", "x": 40, "y": 30, "width": 79, "height": 59}
    entry["regions"].append({"shape_attributes": shape, "region_attributes": {"type": "car"}})
    path.write_text(json.dumps(project))
    assert "mine: 1 photo, 1 annotation added" in road.sh(readme_block("segdata add mine data/predicted"))
    shutil.rmtree(new)
    road.sh("segdata convert mine --strict")
    shards = ShardSet.open(road.project.shards_dir("mine"))
    (row,) = [row for row in shards.manifest.rows if row.id == "draft"]
    split = shards.split(row.split)
    mask = split.mask_at(split.ids.index("draft"))
    assert (mask[14:34, 18:46] == shards.ontology.id_of("car")).all(), (
        "the correction, at the size of the shards"
    )


def test_a_model_is_passed_on(road: Road) -> None:
    road.sh(readme_block("segdata package mine"))
    folder = road.root / "data/packaged/mine"
    assert (folder / "app.py").is_file() and (folder / "model/model.onnx").stat().st_size > 10_000
    assert "road, car, person" in (folder / "README.md").read_text()


def test_masks_go_on_in_another_tool(road: Road) -> None:
    road.sh(readme_block("segdata export mine"))
    exported = road.root / "data/exported/mine-coco"
    assert (exported / "source.yaml").is_file()
    named = [json.loads(path.read_text()) for path in exported.rglob("*.json")]
    assert sum(len(one["images"]) for one in named) == 27
    assert {category["name"] for one in named for category in one["categories"]} >= {"road", "car", "person"}


def test_a_published_figure_says_what_it_takes(road: Road) -> None:
    said = road.sh(f"(\n{readme_block('segdata reproduce unh-mininet')}) 2>&1 || [ $? = 2 ]")
    assert "data/raw/unh-campus: found no such folder" in said
    assert "54 train, 6 val, 8 test" in said


def test_with_the_data_in_place_a_published_figure_is_an_experiment(road: Road) -> None:
    name = "unh-mininet"
    counts = write_campus_via(road.root / "data/raw/unh-campus")
    for section, key, value in (
        ("source", "expected_counts", counts),
        ("shards", "size_hw", [32, 48]),
        ("train", "epochs", 1),
    ):
        road.edit(name, section, key, value)
    said = road.sh(f"segdata reproduce {name} || [ $? = 1 ]")
    told = said.index(f"{name}: goes into params.yaml (pipelines.{name})")
    for stage in ("convert", "train", "evaluate"):
        assert said.index(f"Running stage '{stage}@{name}'") > told  # said before, not after
    table = said[said.index("figure ") :]
    assert re.search(r"^pixel accuracy +test +32x48 +onehot-accuracy +0\.53980 +0\.\d{5} ", table, re.M)
    assert re.search(r"^standard +test +32x48 +pixel-accuracy +- +0\.\d{5} ", table, re.M)
    assert len(road.sh("dvc exp list --name-only").split()) == 1
    kept = road.sh(
        "git ls-tree -r --name-only $(git for-each-ref refs/exps --format='%(objectname)' | head -1)"
    )
    assert "params.yaml" in kept.split() and "data/raw/unh-campus" not in kept  # photos are not for git
    assert f"{name}: data/raw/unh-campus is kept out of git" in said
    road.sh("dvc add data/raw/unh-campus")  # as it says
    assert road.project.params().pipelines[name].raw == "unh-campus"
    again = road.sh(f"segdata reproduce {name} || [ $? = 1 ]")
    assert "Running stage" not in again and "goes into params.yaml" not in again
    assert again[again.index("figure ") :] == table


def test_predicted_masks_are_scored_by_every_protocol(road: Road) -> None:
    said = road.sh(readme_block("segdata evaluate --predictions"))
    metrics = json.loads((road.root / "data/evaluation/sample-voc/metrics.json").read_text())
    (ours,) = [one["value"] for one in metrics["protocols"] if one["protocol"] == "pixel-accuracy"]
    assert re.search(rf"pixel-accuracy +{ours:.4f}", said)
    assert "jaccard-20" in said


def test_push_and_pull_bring_the_same_bytes_to_a_fresh_clone(road: Road, tmp_path: Path) -> None:
    road.sh("dvc repro")
    road.sh(readme_block("git add -A"))
    road.sh("git commit -qam 'Name the remote'")
    clone = tmp_path / "clone"
    road.sh(f"git clone -q . {clone}")
    (clone / ".venv").symlink_to(sys.prefix)
    road.sh("dvc pull", root=clone)
    for name in ("mine", "sample-via", "sample-voc"):
        assert folder_bytes(Project(clone).shards_dir(name)) == folder_bytes(road.project.shards_dir(name))
    assert road.sh("dvc status", root=clone).strip() == "Data and pipelines are up to date."


def test_what_changed_since_a_commit(road: Road) -> None:
    said = road.sh(readme_block("segdata diff HEAD"))
    assert "mine" in said
    assert "My street, first version" in said  # the commit in which this version of the set came to be


def test_an_experiment_and_its_difference(road: Road) -> None:
    said = road.sh(readme_block("dvc exp run"))
    assert "train@mine" in said
    assert re.search(r"train.lr +0.005 +0.002", said)
    assert "mean_iou" in said
    assert "lr: 0.002" in (road.root / "pipelines/mine.yaml").read_text()
    other = road.root / "pipelines/sample-voc.yaml"  # its label map has numbers as keys
    text = other.read_text()
    other.write_text(re.sub(r" lr: [0-9.e-]+", " lr: 0.123", text).replace("1: sky", "1: ignore"))
    said = road.sh("dvc params diff 2>&1")
    assert re.search(r"sample-voc.yaml +source.label_map.1 +sky +ignore", said), said
    assert re.search(r"sample-voc.yaml +train.lr +[0-9.]+ +0.123", said)
    assert "failed" not in said
    other.write_text(text)


def test_better_parameters_are_searched_for_and_make_nothing_stale(road: Road) -> None:
    block = readme_block("segdata search mine")
    if importlib.util.find_spec("ray") is None:
        pytest.skip("searches need the extra 'ray'")
    road.repro()
    path = road.root / "pipelines/mine.yaml"
    path.write_text(path.read_text() + YAML[2])
    ran, _ = road.repro()
    assert ran == {"report"}
    said = road.sh(block)
    assert "mine: 3 trials (3 finished); best is trial" in said
    assert "-  lr: 0.002\n+  lr: 0.0" in said
    assert re.search(r"dvc exp run -S pipelines/mine\.yaml:train\.lr=0\.0\d+", said)
    assert (road.root / "data/search/mine/index.html").stat().st_size > 10_000
    assert road.repro()[0] == set()


def test_a_look_inside_a_model(road: Road) -> None:
    road.sh(readme_block("segdata analyse similarity"))
    for analysis in ("similarity", "layers"):
        page = road.root / "data/analysis/sample-via" / analysis / "index.html"
        assert page.read_text().count("data:image/jpeg") >= 4 * 4


def test_training_by_hand(road: Road) -> None:
    said = road.sh(readme_block("segdata train mine"))
    assert "mine: best epoch" in said
    assert re.search(r"mine: \d+ test photos: mean IoU 0\.\d{3}", said)


def test_every_block_of_the_readme_was_run() -> None:
    assert {block for block in BLOCKS if not block.startswith("source .venv")} == RUN
    for command in ("make repro", "make test"):
        assert f"```console\n{command}\n" in README or f"\n{command}\n```" in README
        assert command in (REPOSITORY / ".ci/run").read_text()
