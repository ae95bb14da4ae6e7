"""The app's answers: values, and that no request reaches what it should not."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="local pages need the extra 'serve'")

from fastapi.testclient import TestClient
from PIL import Image, ImageOps

from segdata.browsing.app import browse_app
from segdata.conversion.plan import read_records, write_records
from segdata.project import Project
from segdata.shards import ShardSet


def client_of(project: Project) -> TestClient:
    return TestClient(browse_app(project, "via", "127.0.0.1"), base_url="http://localhost:7861")


@pytest.fixture(scope="module")
def client(drawn: Project) -> TestClient:
    return client_of(drawn)


@pytest.fixture(scope="module")
def base(client: TestClient) -> str:
    return f"/api/{client.get('/api/set').json()['key']}"


def numbers(client: TestClient, base: str) -> dict[str, int]:
    return {one["id"]: one["number"] for one in client.get(f"{base}/photos").json()["photos"]}


def test_the_set_says_what_can_be_asked_for(client: TestClient, drawn: Project) -> None:
    said = client.get("/api/set").json()
    shards = ShardSet.open(drawn.shards_dir("via"))
    assert (said["name"], said["photos"], said["height"], said["width"]) == ("via", 10, 24, 32)
    assert said["digest"] == shards.digest
    assert sum(said["splits"].values()) == 10
    assert said["classes"][0] == {"name": "sky", "color": "#4682b4", "photos": 10}
    assert said["sizes"] == {"60x80": 10}
    assert said["model"]["why_not"].startswith("No trained model yet")
    assert said["aside_total"] == 0
    assert client.get("/").text.startswith("<!DOCTYPE html>")


def test_every_answer_forbids_other_hosts(client: TestClient) -> None:
    for address in ("/", "/api/set", "/static/main.js", "/nowhere"):
        policy = client.get(address).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "http" not in policy
        assert "unsafe" not in policy


def test_pages_follow_one_another_and_end(client: TestClient, base: str) -> None:
    order = client.get(f"{base}/order").json()
    assert sorted(order) == list(range(10))
    pages = [client.get(f"{base}/photos?offset={offset}&limit=4").json() for offset in (0, 4, 8, 12)]
    assert [page["total"] for page in pages] == [10] * 4
    assert [one["number"] for page in pages for one in page["photos"]] == order
    ids = [one["id"] for page in pages for one in page["photos"]]
    assert ids == sorted(ids)
    assert client.get(f"{base}/photos?offset={2**53}").json() == {"total": 10, "photos": []}
    for wrong in (f"offset={2**53 + 1}", "offset=-1", "limit=0", "limit=501", "offset=1e3", "offset=x"):
        assert client.get(f"{base}/photos?{wrong}").status_code == 422, wrong


def test_filters_and_sorts_reach_the_index(client: TestClient, base: str, drawn: Project) -> None:
    rows = ShardSet.open(drawn.shards_dir("via")).manifest.rows
    order = client.get(f"{base}/order?split=train&class=car&sort=share:car&descending=1").json()
    car = [row.pixels[5] if row.split == "train" else 0 for row in rows]
    assert order == sorted(
        (number for number in range(10) if car[number]), key=lambda number: (-car[number], rows[number].id)
    )
    refused = client.get(f"{base}/order?split=trane")
    assert refused.status_code == 422
    assert (
        refused.json()["error"]["message"]
        == "split: found 'trane'; did you mean 'train'? Valid: test, train, val"
    )
    assert (
        client.get(f"{base}/order?sort=loss").json() == client.get(f"{base}/order").json()
    )  # nothing is known


def test_one_photo_by_number_and_by_id(client: TestClient, base: str, drawn: Project) -> None:
    row = ShardSet.open(drawn.shards_dir("via")).manifest.rows[3]
    said = client.get(f"{base}/photos/3").json()
    assert (said["id"], said["split"], said["size"]) == (row.id, row.split, "60x80")
    assert said["shares"] == pytest.approx([pixels / (24 * 32) for pixels in row.pixels], abs=1e-6)
    assert said["photo"] == f"data/raw/sample-via/photos/{row.id}.jpg"
    assert client.get(f"{base}/number", params={"id": row.id}).json() == 3
    unknown = client.get(f"{base}/number", params={"id": "../../etc/passwd"})
    assert unknown.status_code == 404
    assert "no photo '../../etc/passwd'" in unknown.json()["error"]["message"]


def test_pictures_are_those_of_the_shards(client: TestClient, base: str, drawn: Project) -> None:
    shards = ShardSet.open(drawn.shards_dir("via"))
    row = shards.manifest.rows[7]
    split = shards.split(row.split)
    at = split.ids.index(row.id)
    truth = client.get(f"{base}/photos/7/truth")
    assert truth.headers["content-encoding"] == "gzip"
    assert truth.content == split.mask_at(at).tobytes()
    photo = cv2.imdecode(np.frombuffer(client.get(f"{base}/photos/7/photo").content, np.uint8), 1)[..., ::-1]
    assert np.abs(photo.astype(int) - split.image_at(at)).mean() < 6
    thumbnail = client.get(f"{base}/photos/7/thumbnail/truth")
    assert thumbnail.headers["content-type"] == "image/jpeg"
    assert "immutable" in thumbnail.headers["cache-control"]
    assert client.get(f"{base}/photos/7/thumbnail/difference").status_code == 404
    assert client.get(f"{base}/photos/7/prediction").status_code == 404


def test_the_raw_photo_comes_upright_in_full_size(client: TestClient, base: str, drawn: Project) -> None:
    records = read_records(drawn.plan_path("via"))
    turned = {id for id, record in records.items() if record.orientation != 1}
    assert turned
    for id, number in numbers(client, base).items():
        answer = client.get(f"{base}/photos/{number}/original")
        path = drawn.root / "data/raw/sample-via" / records[id].photo
        assert answer.content == path.read_bytes()
        with Image.open(path) as photo:
            assert ImageOps.exif_transpose(photo).size == (80, 60)


@pytest.mark.parametrize(
    "number", ["10", "99999999999999999999", "-1", "1.5", "x", "..", "%2e%2e%2f%2e%2e%2fparams.yaml", "0%00"]
)
@pytest.mark.parametrize("what", ["", "/photo", "/truth", "/prediction", "/original", "/thumbnail/truth"])
def test_numbers_that_there_are_not(client: TestClient, base: str, number: str, what: str) -> None:
    answer = client.get(f"{base}/photos/{number}{what}")
    assert answer.status_code in (404, 422)
    assert b"pipelines:" not in answer.content


@pytest.mark.parametrize(
    "address",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/....//app.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/../../params.yaml",
        "/data/raw/sample-via/via_region_data.json",
    ],
)
def test_paths_lead_nowhere(client: TestClient, address: str) -> None:
    assert client.get(address).status_code in (404, 405)


@pytest.mark.parametrize("kind", ["..%2fphoto", "mask", "TRUTH", "truth%2f..", ""])
def test_only_four_kinds_of_thumbnails(client: TestClient, base: str, kind: str) -> None:
    assert client.get(f"{base}/photos/0/thumbnail/{kind}").status_code in (404, 422)


@pytest.mark.parametrize(
    "photo", ["../../../secret.jpg", "/etc/passwd", "photos/../../../../secret.jpg", "."]
)
def test_a_plan_that_names_a_file_elsewhere_is_not_followed(project: Project, photo: str) -> None:
    Image.new("RGB", (8, 8)).save(project.root.parent / "secret.jpg")
    records = read_records(project.plan_path("via"))
    from msgspec.structs import replace

    write_records(project.plan_path("via"), [replace(record, photo=photo) for record in records.values()])
    client = client_of(project)
    key = client.get("/api/set").json()["key"]
    assert client.get(f"/api/{key}/photos/0").json()["photo"] == ""
    answer = client.get(f"/api/{key}/photos/0/original")
    assert answer.status_code == 404
    assert "no raw photo here" in answer.json()["error"]["message"]


def test_a_damaged_raw_photo_is_an_answer_not_a_crash(project: Project) -> None:
    photos = project.root / "data/raw/sample-via/photos"
    for path in photos.iterdir():
        path.write_bytes(b"no photo")
    client = client_of(project)
    key = client.get("/api/set").json()["key"]
    answer = client.get(f"/api/{key}/photos/0/original")
    assert answer.status_code == 422
    assert "a file that is no readable image" in answer.json()["error"]["message"]
    shutil.rmtree(photos)
    assert client.get(f"/api/{key}/photos/0/original").status_code == 404
    assert client.get(f"/api/{key}/photos/0/photo").status_code == 200


def test_a_selection_as_a_list(client: TestClient, base: str, drawn: Project) -> None:
    known = numbers(client, base)
    wanted = list(known)[4:1:-1]
    asked = {"numbers": [known[id] for id in wanted] * 2}
    assert client.post(f"{base}/list", json=asked).text == "".join(f"{id}\n" for id in wanted)
    photos = client.post(f"{base}/list", json=asked | {"what": "photos"}).text.split()
    assert photos == [str(drawn.root / f"data/raw/sample-via/photos/{id}.jpg") for id in wanted]
    for wrong in (
        {"numbers": [10]},
        {"numbers": [-1]},
        {"numbers": ["a"]},
        {},
        {"numbers": [0], "what": "masks"},
    ):
        assert client.post(f"{base}/list", json=wrong).status_code in (404, 422)
    foreign = client.post(f"{base}/list", json=asked, headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403
    vast = client.post(f"{base}/list", content=b"[" * (17 << 20))
    assert (vast.status_code, vast.json()["error"]["expected"]) == (413, "at most 16 MiB")
