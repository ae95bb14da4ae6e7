"""The page: its values are those of the files, it asks for nothing from anywhere, and no name breaks it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable

import numpy as np
import pytest

from segdata.digests import file_digest
from segdata.report import build_report
from tests.report.fakes import Fake
from tests.report.pages import Page, built, complete, photos


def test_the_overview_states_the_scores_of_the_files(fake: Callable[..., Fake]) -> None:
    one = fake()
    metrics = complete(one)
    mean, (low, high) = metrics["mean_iou"], metrics["mean_iou_interval"]
    page = Page(built(one))
    row = next(r for r in page.clean() if r and r[0].startswith("one"))
    assert row == [
        "oneA title via · mininet",
        "! look closer",
        "✓ good",
        "6 test",
        f"{metrics['pixel_accuracy']:.3f}0.123 to 0.987",
        f"{mean:.3f}{low:.3f} to {high:.3f}",
        "0.211",
        f"+{mean - 0.211:.3f}",
        "none",
        "–",
    ]
    assert not page.open


def test_the_class_table_states_shares_and_scores_and_names_absent_classes(fake: Callable[..., Fake]) -> None:
    one = fake(names=("road", "car", "tree", "unicorn"))
    complete(one, classes=3)
    page = Page(built(one))
    table = [
        line.split(",") for line in (one.project.evaluation_dir("one") / "per_class.csv").read_text().split()
    ]
    total = sum(int(row[1]) for row in table[1:])
    for name, truth, _, iou, accuracy in table[1:4]:
        row = next(
            r for r in page.clean() if r[:2] == [name, f"{int(truth) / total * 100:.1f} %"] and len(r) == 5
        )
        assert (row[2], row[4]) == (f"{float(iou):.3f}", f"{float(accuracy):.3f}")
    assert ["unicorn", "0 %", "absent", "", "absent"] in page.clean()
    assert "Absent from test: unicorn." in page.text


def test_the_confusion_matrix_is_normalised_by_row_and_titles_the_counts(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    page = Page(built(one))
    lines = (one.project.evaluation_dir("one") / "confusion.csv").read_text().split()[1:]
    counts = {tuple(line.split(",")[:2]): int(line.split(",")[2]) for line in lines}
    total = sum(pixels for (truth, _), pixels in counts.items() if truth == "car")
    cells = [f"{counts['car', name] / total * 100:.0f}" if counts["car", name] else "" for name in one.names]
    assert ["car", *cells] in page.clean()
    titles = page.attributes("td", "title")
    assert f"car → road: {counts['car', 'road']} pixels" in titles
    share = next(
        (a["style"] for t, a in page.tags if t == "td" and (a.get("title") or "").startswith("car → road"))
    )
    assert share == f"--s:{counts['car', 'road'] / total:.3f}"


def test_class_shares_of_every_split(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    shares = []
    for ids, seed in ((["t1", "t2"], 2), (["v"], 3), (["a", "b", "c", "d", "e", "f"], 1)):
        masks = np.stack([mask for _, mask in photos(ids, 3, seed).values()])
        shares.append(f"{(masks == 1).mean() * 100:.1f} %")
    page = Page(built(one))
    assert ["car", *shares] in page.clean()
    assert ["not labelled", "0 %", "0 %", "0 %"] in page.clean()
    assert page.row("480 × 640") == ["480 × 640", "9", "0.013 × 0.013", "not known"]
    assert page.row("train, test") == ["train, test", "0", "not looked for"]
    assert "No photo file stands in two splits." in page.text


def test_it_shows_every_photo_four_times_with_a_text_for_each(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one, ["dir/a", "b", "c", "d", "e", "f"])
    page = Page(built(one))
    images = [attrs for tag, attrs in page.tags if tag == "img" and "loading" not in attrs]
    assert len(images) == 24
    assert all((image["src"] or "").startswith("data:image/jpeg;base64,") for image in images)
    assert "The predicted classes over the photo dir/a" in [image["alt"] for image in images]
    shown = [
        line.split(",") for line in (one.project.evaluation_dir("one") / "shown.csv").read_text().split()[1:]
    ]
    chips = [attrs for attrs in page.tags if attrs == ("figcaption", {})]
    assert len(chips) == len(shown) == 6
    assert [image["alt"] for image in images[::4]] == [f"The photo {id}" for id, _, _ in shown]
    assert page.text.rindex("worst") > page.text.rindex("between")


def test_a_photo_s_mean_iou_says_over_how_many_classes_it_is(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    path = one.project.evaluation_dir("one") / "per_photo.csv"
    path.write_text(path.read_text().splitlines()[0] + "\na,0.75,0.5,2\nb,1.0,1.0,1\n")
    text = " ".join(Page(built(one)).text.split())
    shows = "that this photo’s truth or prediction shows"
    assert f"pixel accuracy 0.750, mean IoU 0.500 over the 2 classes {shows}" in text
    assert f"mean IoU 1.000 over the 1 class {shows}" in text
    path.write_text("id,pixel_accuracy,mean_iou\na,0.75,0.5\n")
    assert f"mean IoU 0.500 over the classes {shows}" in " ".join(Page(built(one)).text.split())


def test_both_tables_of_shares_say_of_which_pixels(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    text = built(one)
    assert "<h3>Classes, with shares of the labelled pixels</h3>" in text
    assert "<h3>The data: class shares of all pixels</h3>" in text
    head = next(row for row in Page(text).clean() if row[:2] == ["Class", "Truth"])
    assert head[-1] == "Accuracy(recall)"


def test_the_legend_of_the_difference_stands_apart_from_the_classes(fake: Callable[..., Fake]) -> None:
    one = fake(names=("person", "pole"))
    complete(one)
    text = built(one)
    legends = re.findall(r'<ul class="key[^"]*" aria-label="([^"]+)">(.*?)</ul>', text, re.S)
    plain = {label: " ".join(re.sub("<[^>]+>", " ", inner).split()) for label, inner in legends}
    assert plain["Legend"] == "person pole not labelled, not scored"
    assert plain["Legend of the difference"] == "In the difference: wrong right"


def test_the_curves_say_where_they_go_and_which_epoch_is_best(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    labels = Page(built(one)).attributes("svg", "aria-label")
    assert labels == [
        "Loss over epochs 1 to 3: training from 2.000 to 0.500, validation from 2.100 to 1.300; best epoch 2",
        "Validation scores over epochs 1 to 3: mean IoU from 0.200 to 0.600, pixel accuracy from 0.500 to 0.700; "
        "best epoch 2",
    ]


def test_a_model_of_other_shards_is_told(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    told = "This model was trained on other shards"
    assert told not in built(one)
    one.write_run([(1, 1.0, 1.0, 0.2, 0.5, 0.03)], best=1, shards="0" * 64)
    assert told in built(one)


def test_scores_of_a_model_of_other_shards_are_told(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    told = "These scores are of a model that was trained on other shards"
    assert told not in built(one)
    path = one.project.evaluation_dir("one") / "metrics.json"
    path.write_text(path.read_text().replace('"shards_of_training": "same"', '"shards_of_training": "other"'))
    assert told in built(one)


def test_provenance_is_digests_and_seeds_and_commit_and_machine_stand_apart(
    fake: Callable[..., Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = fake()
    complete(one)
    text = built(one)
    shards = file_digest(one.project.shards_dir("one") / "manifest.parquet")
    pipeline = file_digest(one.project.root / "pipelines" / "one.yaml")
    footer = text[text.index('id="provenance"><div>') :]
    assert (
        f"pipeline file <code>{pipeline}</code>, seed 7; shards <code>{shards}</code>; run of mininet, seed 7"
        in footer
    )
    monkeypatch.setattr("platform.machine", lambda: "abacus")
    monkeypatch.setattr("platform.processor", lambda: "beads")
    monkeypatch.setattr("os.cpu_count", lambda: 77)
    script = (
        "git init -q -b main . && git config user.name S && git config user.email s@example.org "
        "&& git add pipelines params.yaml && git commit -qm start && printf '\\n' >> params.yaml"
    )
    subprocess.run(["bash", "-ec", script], cwd=one.project.root, check=True)
    hash = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=one.project.root, capture_output=True, text=True, check=True
    )
    elsewhere = built(one)
    assert f"<code>{hash.stdout[:12]} of " in elsewhere
    assert "with changes that are not committed: <code>params.yaml</code>" in elsewhere
    assert "Linux abacus" in elsewhere
    apart = re.compile(r'<dl class="facts" id="circumstances">.*?</dl>', re.S)
    assert apart.sub("", elsewhere) == apart.sub("", text)
    assert "no commit" in apart.search(text)[0]  # type: ignore[index]


def test_dvc_hashes_and_the_machine_of_the_training_stand_in_the_footer(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    hashes = {"data/shards/one": "a1" * 16 + ".dir", "data/runs/one/model.safetensors": "b2" * 16}
    outs = "".join(f"    - path: {path}\n      hash: md5\n      md5: {md5}\n" for path, md5 in hashes.items())
    (one.project.root / "dvc.lock").write_text(
        f"schema: '2.0'\nstages:\n  all:\n    cmd: x\n    outs:\n{outs}"
    )
    weights = one.project.run_dir("one") / "model.safetensors"
    weights.write_bytes(b"weights")
    last = {
        "seconds": 83.4,
        "device": "NVIDIA H200",
        "threads": 4,
        "platform": "Linux-x",
        "weights": file_digest(weights),
    }
    (one.project.scratch_dir("runs", "one") / "last.json").write_text(json.dumps(last))
    footer = " ".join(Page(built(one)).text.rpartition("Provenance\n")[2].split())
    for path, md5 in hashes.items():
        assert f"{path} {md5}" in footer
    assert "one trained onNVIDIA H200, 83 s, Linux-x" in footer
    weights.write_bytes(b"others")
    assert "one trained on" not in Page(built(one)).text
    (one.project.root / "dvc.lock").write_text("stages: {all: [")
    assert "a1" * 16 + ".dir" not in built(one)


def test_it_asks_for_nothing_from_anywhere(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    text = built(one)
    page = Page(text)
    assert not re.search(
        r"https?://|//[a-z0-9.-]+\.[a-z]{2,}/|url\(|@import", re.sub(r"base64,[^\"]*", "", text)
    )
    assert not [tag for tag, _ in page.tags if tag in ("script", "iframe", "object", "embed", "form")]
    for tag, attrs in page.tags:
        for name in ("src", "href", "srcset", "poster", "action", "xlink:href"):
            assert (attrs.get(name) or "#").startswith(("#", "data:")), (tag, attrs)
    anchors = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    assert {href[1:] for href in page.attributes("a", "href")} <= anchors
    assert len(anchors) == len([1 for _, attrs in page.tags if "id" in attrs])


def test_same_inputs_same_bytes(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    path = build_report(one.project, ["one"])
    first = path.read_bytes()
    assert build_report(one.project, ["one"]).read_bytes() == first
    assert [file.name for file in path.parent.iterdir()] == ["index.html"]


def test_names_from_strangers_are_text(fake: Callable[..., Fake]) -> None:
    evil = "<script>alert('x')</script>\" onload=\"x"
    one = fake(names=("road", evil))
    ids = ["<b>&bold", "b", "c", "d", "e", "f"]
    one_metrics = complete(one, ids)
    assert one_metrics["samples"] == 6
    one.write_pipeline(title="</title><img src=x onerror=x>", more="")
    one.write_check({"<i>": 2}, [_finding("error", file="<u>.jpg", message="<s>gone</s>", code="<q>")])
    page = Page(built(one))
    assert not {"script", "b", "i", "u", "s", "q"} & {t for t, a in page.tags if not a} - {"i"}
    assert not [a for _, a in page.tags if {"onload", "onerror"} & set(a)]
    assert evil in page.text
    assert "The photo <b>&bold" in page.attributes("img", "alt")
    assert "<s>gone</s>" in page.text
    assert "<u>.jpg" in page.text


def _finding(severity: str, **changed: str) -> dict[str, str]:
    finding = {
        "code": "points-clipped",
        "file": "a.jpg",
        "place": "region 2",
        "message": "3 points",
        "action": "clipped",
    }
    return finding | {"severity": severity} | changed


def test_a_run_of_one_epoch_says_so_and_shows_dots(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    one.write_run([(1, 2.0, 2.1, 0.2, 0.5, 0.03)], best=1)
    page = Page(built(one))
    assert "1 epoch, seed 7, " in " ".join(page.text.split())
    assert [label for label in page.attributes("svg", "aria-label") if "epoch" in label] == [
        "Loss after epoch 1: training 2.000, validation 2.100",
        "Validation scores after epoch 1: mean IoU 0.200, pixel accuracy 0.500",
    ]
    assert len(page.attributes("circle", "cx")) == 4
