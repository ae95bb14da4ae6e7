"""A page that stays open while shards, model and reports change under it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="local pages need the extra 'serve'")


from segdata.browsing.opened import Watch
from segdata.project import Project
from tests.browsing.test_app import client_of
from tests.projects import REPOSITORY, convert


def test_other_shards_make_an_open_page_load_again(project: Project) -> None:
    client = client_of(project)
    key = client.get("/api/set").json()["key"]
    first = client.get(f"/api/{key}/photos?limit=1").json()["photos"][0]["id"]
    from segdata.adding import remove

    remove(project, "via", [first])
    convert(project, "via")
    answer = client.get(f"/api/{key}/photos")
    assert answer.status_code == 409
    assert "Load the page again" in answer.json()["error"]["message"]
    assert client.get("/api/set").json()["photos"] == 9


def test_set_aside_and_doubtful_are_told(project: Project) -> None:
    raw = project.root / "data/raw/sample-via"
    entries = json.loads((raw / "via_region_data.json").read_text())
    photos = sorted((raw / "photos").iterdir())
    photos[0].write_bytes(b"no photo")
    for entry in entries.values():
        if entry["filename"] == photos[1].name:
            entry["regions"] = entry["regions"][:1]
            entry["regions"][0]["shape_attributes"]["all_points_x"][0] = 9999
    (raw / "via_region_data.json").write_text(json.dumps(entries))
    convert(project, "via")
    client = client_of(project)
    said = client.get("/api/set").json()
    assert said["photos"] == 9
    assert [one["code"] for one in said["aside"]] == ["unreadable"]
    assert said["findings"]["one-class"] == 1
    doubtful = client.get(f"/api/{said['key']}/photos?finding=any").json()["photos"]
    assert [one["id"] for one in doubtful] == [photos[1].stem]
    assert doubtful[0]["findings"] == len(
        client.get(f"/api/{said['key']}/photos/{doubtful[0]['number']}").json()["found"]
    )


def test_a_model_is_asked_in_the_background(project: Project) -> None:
    pytest.importorskip("torch", reason="asking a model needs the extra 'train'")
    from tests.browser import wait_for
    from tests.browsing.sets import write_run

    client = client_of(project)
    base = f"/api/{client.get('/api/set').json()['key']}"
    refused = client.post(f"{base}/model")
    assert refused.status_code == 409
    assert "segdata train via" in refused.json()["error"]["message"]
    write_run(project)
    assert client.get("/api/set").json()["model"]["why_not"] == ""
    assert client.post(f"{base}/model").status_code == 200
    wait_for(lambda: not client.get(f"{base}/model").json()["running"], "the model")
    said = client.get(f"{base}/model").json()
    assert (said["known"], said["predicted"], said["complete"], said["error"]) == (10, 10, True, "")
    page = client.get(f"{base}/photos?sort=loss&descending=1").json()["photos"]
    losses = [one["loss"] for one in page]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1] > 0
    assert client.get(f"{base}/photos/0/prediction").content == bytes([6]) * 24 * 32
    assert client.get(f"{base}/photos/0/thumbnail/difference").status_code == 200


def test_data_are_looked_at_without_torch(drawn: Project) -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'torchvision', 'lightning', 'prefect', 'dvc', 'jinja2', 'gradio', 'matplotlib'):\n"
        "    sys.modules[name] = None\n"
        "from pathlib import Path\n"
        "from fastapi.testclient import TestClient\n"
        "from segdata.browsing.app import browse_app\n"
        "from segdata.project import Project\n"
        "import segdata.commands.browse\n"
        f"project = Project(Path({str(drawn.root)!r}))\n"
        "from segdata.commands._shared import check_names\n"
        "check_names(project, 'via')\n"
        "client = TestClient(browse_app(project, 'via', '127.0.0.1'), base_url='http://localhost')\n"
        "key = client.get('/api/set').json()['key']\n"
        "assert client.get(f'/api/{key}/photos/0/thumbnail/truth').status_code == 200\n"
        "print('looked')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.stdout == "looked\n", done.stderr


def test_thumbnails_are_kept_between_two_sessions(project: Project) -> None:
    shutil.rmtree(project.root / ".segdata" / "thumbnails", ignore_errors=True)
    client = client_of(project)
    base = f"/api/{client.get('/api/set').json()['key']}"
    made = client.get(f"{base}/photos/2/thumbnail/truth").content
    kept = list((project.root / ".segdata" / "thumbnails").rglob("*.jpg"))
    assert [path.read_bytes() for path in kept] == [made]
    assert client_of(project).get(f"{base}/photos/2/thumbnail/truth").content == made
    assert len(list((project.root / ".segdata" / "thumbnails").rglob("*.jpg"))) == 1


def test_an_unreadable_conversion_file_is_named(project: Project) -> None:
    path: Path = project.check_path("via")
    path.write_text("{")
    answer = client_of(project).get("/api/set")
    assert answer.status_code == 422
    assert "via.json" in answer.json()["error"]["message"]
    path.unlink()
    assert Watch(project, "via").now().index.found.aside == ()
