"""The API: the mask of segdata predict in every form, facts about the model, pages that load nothing from elsewhere."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="serving needs the extra 'serve'")
pytest.importorskip("torch", reason="serving needs the extra 'serve'")

from PIL import Image
from pycocotools import mask as coco_mask

from segdata.export.contours import Outline, paint_outlines
from segdata.export.drafts import draft_of
from segdata.prediction.masks import predict_mask
from segdata.serving.answers import asked_form
from segdata.web import Refused
from tests.prediction.colours import COLORS, NAMES, ByColor, photo_of, run_of
from tests.serving.served import HOW, SIZE_HW, app_of, asked, mask_in, painted, png, scene


def expected_mask(tmp_path: Path, data: bytes, name: str) -> Any:
    (tmp_path / name).write_bytes(data)
    from segdata.photo import Photo

    return predict_mask(run_of(ByColor(), SIZE_HW), Photo.open(tmp_path / name, name), HOW)


def test_the_mask_is_that_of_segdata_predict_in_the_classes_colours(tmp_path: Path) -> None:
    data = png(painted(scene()))
    with asked(app_of()) as client:
        answer = client.post("/predict", files={"file": ("IMG_1.png", data)})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert (
        answer.headers["content-disposition"] == "inline; filename=\"IMG_1.png\"; filename*=UTF-8''IMG_1.png"
    )
    mask = mask_in(answer.content)
    assert (mask == expected_mask(tmp_path, data, "IMG_1.png")).all()
    assert (mask == scene()).mean() > 0.97
    with Image.open(io.BytesIO(answer.content)) as file:
        assert file.getpalette()[:12] == COLORS.ravel().tolist()  # type: ignore[index]


def test_a_photo_stored_turned_is_answered_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = png(np.rot90(painted(scene(150, 90))), "JPEG", quality=95, exif=exif)
    with asked(app_of()) as client:
        answer = client.post("/predict", files={"file": ("turned.jpg", data)})
    mask = mask_in(answer.content)
    assert mask.shape == (150, 90)
    assert (mask == expected_mask(tmp_path, data, "turned.jpg")).all()
    assert (mask == scene(150, 90)).mean() > 0.95


@pytest.mark.parametrize("how", ["format", "accept"])
def test_outlines_for_via_in_the_set_s_own_words(how: str) -> None:
    data = png(painted(scene()))
    with asked(app_of()) as client:
        files = {"file": ("Haus 1.png", data)}
        if how == "format":
            answer = client.post("/predict?format=via", files=files)
        else:
            answer = client.post("/predict", files=files, headers={"Accept": "application/json"})
        mask = mask_in(client.post("/predict", files=files).content)
    assert answer.headers["content-type"] == "application/json"
    project = answer.json()
    key = f"Haus 1.png{len(data)}"
    assert project["_via_image_id_list"] == [key]
    entry = project["_via_img_metadata"][key]
    assert (entry["filename"], entry["size"]) == ("Haus 1.png", len(data))
    assert {region["region_attributes"]["kind"] for region in entry["regions"]} == set(NAMES)
    drawn = [
        Outline(
            NAMES.index(region["region_attributes"]["kind"]),
            np.stack([region["shape_attributes"][f"all_points_{axis}"] for axis in "xy"], 1).astype(np.int32),
        )
        for region in entry["regions"]
    ]
    assert (paint_outlines(drawn, (120, 160)) == draft_of(mask).painted).all()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of pycocotools
def test_run_lengths_for_coco_are_the_very_mask() -> None:
    with asked(app_of()) as client:
        files = {"file": ("a.png", png(painted(scene())))}
        answer = client.post("/predict", files=files, headers={"Accept": "application/coco+json"})
        mask = mask_in(client.post("/predict", files=files).content)
    data = answer.json()
    assert answer.headers["content-type"] == "application/coco+json"
    assert data["images"] == [{"id": 1, "file_name": "a.png", "height": 120, "width": 160}]
    assert [category["name"] for category in data["categories"]] == list(NAMES)
    again = np.full(mask.shape, 255, np.uint8)
    for annotation in data["annotations"]:
        again[coco_mask.decode(annotation["segmentation"]) == 1] = annotation["category_id"] - 1
    assert (again == mask).all()


def test_the_photo_may_be_the_body_itself() -> None:
    data = png(painted(scene()), "JPEG")
    with asked(app_of()) as client:
        headers = {"Content-Type": "image/jpeg"}
        answer = client.post("/predict?format=via&name=x.jpg", content=data, headers=headers)
        assert next(iter(answer.json()["_via_img_metadata"])) == f"x.jpg{len(data)}"
        assert client.post("/predict", content=data, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "png"),
        ("*/*", "png"),
        ("text/html,*/*;q=0.8", "png"),
        ("application/json", "via"),
        ("image/png;q=0.2, application/json;q=0.9", "via"),
        ("application/*", "via"),
        ("application/coco+json, application/json;q=0.9", "coco"),
        ("image/*", "png"),
        ("application/json;q=0, image/png", "png"),
    ],
)
def test_accept_says_in_which_form(accept: str | None, form: str) -> None:
    assert asked_form(accept, None) == form
    assert asked_form(accept, "coco") == "coco"


def test_what_nobody_can_answer_is_not_acceptable() -> None:
    with pytest.raises(Refused) as refused:
        asked_form("text/csv", None)
    assert refused.value.status == 406
    assert "Or give ?format=png" in str(refused.value)


def test_what_is_doubtful_of_a_file_is_told() -> None:
    with asked(app_of()) as client:
        pixels = np.dstack([painted(scene()), np.full((120, 160), 255, np.uint8)])
        answer = client.post("/predict", files={"file": ("a.png", png(pixels))})
        assert answer.headers["x-segdata-notes"] == "photo of mode RGBA: converted to 8-bit RGB"
        shown = client.post("/prediction", files={"file": ("a.png", png(pixels))})
        assert "photo of mode RGBA: converted to 8-bit RGB" in shown.text


@pytest.mark.parametrize("form", ["png", "via", "coco"])
def test_a_batch_is_a_zip_and_a_bad_photo_stops_no_other(form: str) -> None:
    good = {
        name: png(painted(scene(60 + number, 80)))
        for number, name in enumerate(["a.png", "b.jpg", "c d.png"])
    }
    files = [("file", (name, data)) for name, data in good.items()]
    files.insert(1, ("file", ("broken.jpg", b"no photo")))
    files.append(("file", ("A.jpg", good["a.png"])))
    with asked(app_of()) as client:
        answer = client.post(f"/predict/batch?format={form}", files=files)
        again = client.post(f"/predict/batch?format={form}", files=files)
        alone = {
            name: mask_in(client.post("/predict", files={"file": (name, data)}).content)
            for name, data in good.items()
        }
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["x-segdata-refused"] == "2"
    assert answer.content == again.content, "the same photos, the same bytes"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    refused = json.loads(archive.read("refused.json"))["refused"]
    assert [one["where"] for one in refused] == ["A.jpg", "broken.jpg"]
    assert "would be called as that of a.png" in refused[0]["message"]
    names = [name for name in archive.namelist() if name != "refused.json"]
    if form == "png":
        assert names == ["a.png", "b.png", "c d.png"]
        for name, mask in alone.items():
            assert (mask_in(archive.read(f"{name[:-4]}.png")) == mask).all()
    elif form == "via":
        assert names == ["via_project.json"]
        entries = json.loads(archive.read("via_project.json"))["_via_img_metadata"]
        assert [entry["filename"] for entry in entries.values()] == list(good)
    else:
        assert names == ["instances.json"]
        data = json.loads(archive.read("instances.json"))
        assert [(one["id"], one["height"]) for one in data["images"]] == [(1, 60), (2, 61), (3, 62)]
        assert [one["id"] for one in data["annotations"]] == list(range(1, len(data["annotations"]) + 1))


def test_a_batch_of_bad_photos_alone_is_refused() -> None:
    with asked(app_of()) as client:
        answer = client.post("/predict/batch", files=[("file", ("x.jpg", b"")), ("file", ("y.jpg", b"no"))])
    assert answer.status_code == 422
    assert "not one photo to predict (x.jpg: found" in answer.json()["error"]["message"]


def test_facts_about_the_model() -> None:
    with asked(app_of()) as client:
        facts = client.get("/metadata").json()
        assert facts["classes"][1] == {"id": 1, "name": "door", "color": [40, 200, 40]}
        assert facts["shards"] == "5" * 64 and facts["samples"] == {"train": 30, "test": 12}
        assert facts["scored"]["metrics"] == [{"protocol": "mean-iou", "value": 0.5, "interval": [0.4, 0.6]}]
        assert facts["engine"].startswith("torch ") and facts["limits"]["upload_mib"] == 32
        assert client.get("/healthz").json() == {"status": "ok", "requests_under_way": 0}


def test_prometheus_reads_what_happened() -> None:
    with asked(app_of()) as client:
        for name in ("a.png", "b.png"):
            client.post("/predict", files={"file": (name, png(painted(scene())))})
        client.post("/predict", files={"file": ("c.png", b"no")})
        client.get("/some/stranger's/path")
        text = client.get("/metrics").text
    assert 'segdata_requests_total{path="/predict",status="200"} 2.0' in text
    assert 'segdata_requests_total{path="/predict",status="415"} 1.0' in text
    assert 'segdata_photos_total{outcome="predicted"} 2.0' in text
    assert 'segdata_photos_total{outcome="refused"} 1.0' in text
    assert f"segdata_pixels_total {2 * 120 * 160}.0" in text
    assert "segdata_batch_photos_count 2.0" in text
    assert "stranger" not in text, "labels are not made of what strangers type"
    assert re.search(r"process_resident_memory_bytes \d", text)


def test_the_plain_form_shows_photo_and_mask() -> None:
    with asked(app_of()) as client:
        form = client.get("/prediction")
        assert "<h1>Doors &lt;of&gt; the town</h1>" in form.text
        assert 'action="prediction" method="post" enctype="multipart/form-data"' in form.text
        name = "<script>alert(1)<.png"
        shown = client.post("/prediction", files={"file": (name, png(painted(scene())))})
        assert "<script>" not in shown.text and "&lt;script&gt;alert(1)&lt;.png" in shown.text
        assert re.search(r"<b title=\"door\">door</b>.*?13\.\d %", shown.text)
        paths = dict.fromkeys(re.findall(r'"(results/[^"]+)"', shown.text))
        kinds = {path.rpartition("/")[2]: client.get(f"/{path}") for path in paths}
        assert sorted(kinds) == ["colours.png", "draft.json", "lines.png", "mask.png", "photo.jpg"]
        assert all(answer.status_code == 200 for answer in kinds.values())
        assert mask_in(kinds["mask.png"].content).shape == (120, 160)
        assert "_via_img_metadata" in kinds["draft.json"].json()
        assert kinds["mask.png"].headers["content-disposition"].startswith("attachment; ")
        assert "content-disposition" not in kinds["photo.jpg"].headers
        broken = client.post("/prediction", files={"file": ("x.jpg", b"no photo")})
        assert broken.status_code == 415
        assert "x.jpg: found a file that is no readable image" in broken.text


def test_the_oldest_results_go_and_say_so() -> None:
    with asked(app_of(results=2)) as client:
        shown = [
            client.post("/prediction", files={"file": ("a.png", png(painted(scene())))}).text
            for _ in range(3)
        ]
        pictures = [re.findall(r"results/[^\"]+/photo.jpg", text)[0] for text in shown]
        assert [client.get(f"/{path}").status_code for path in pictures] == [404, 200, 200]
        assert "newer ones took its place" in client.get(f"/{pictures[0]}").json()["error"]["message"]


def test_the_documentation_needs_no_other_host() -> None:
    with asked(app_of()) as client:
        schema = client.get("/openapi.json").json()
        page = client.get("/docs").text
    body = schema["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert set(body) == {"multipart/form-data", "image/*"}
    assert set(schema["paths"]["/predict"]["post"]["responses"]) >= {"200", "400", "413", "415", "422", "503"}
    for path in schema["paths"]:
        assert f"<code>{path}</code>" in page
    assert "curl -F file=@IMG_0001.jpg &#34;http://localhost:7860/predict?format=png&#34;" in page
    assert "A photo: at most 32 MiB and 64 million pixels (413 beyond)." in page
    assert not re.search(r'(src|href)="(https?:)?//', page)


def test_other_methods_are_told_what_to_do() -> None:
    with asked(app_of()) as client:
        answer = client.get("/predict")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert answer.json()["error"]["expected"] == "POST with a photo"
        assert client.put("/predict/batch").status_code == 405
        assert client.post("/predict?format=jpeg", files={"file": ("a", b"")}).status_code == 422


def test_only_this_machine_may_ask() -> None:
    with asked(app_of()) as client:
        assert client.get("/metadata", headers={"Host": "evil.example"}).status_code == 421
        foreign = {"Origin": "https://evil.example"}
        data = {"file": ("a.png", png(painted(scene())))}
        assert client.post("/predict", files=data, headers=foreign).status_code == 403


def test_a_photo_of_its_own(tmp_path: Path) -> None:
    photo = photo_of(tmp_path, painted(scene(480, 640)))
    with asked(app_of()) as client:
        answer = client.post("/predict", files={"file": ("photo.png", photo.stored.read_bytes())})  # type: ignore[union-attr]
    assert (mask_in(answer.content) == predict_mask(run_of(ByColor(), SIZE_HW), photo, HOW)).all()
