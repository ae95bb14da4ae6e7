"""The report says what is doubtful, and says it where a reader looks."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from segdata.errors import DataError
from segdata.evaluation.origin import read_origin
from segdata.evaluation.own_size_scores import OwnSizeScores, keep_own_size
from segdata.evaluation.protocols import ProtocolScore
from tests.report.fakes import Fake
from tests.report.pages import Page, built, complete, photos
from tests.report.test_page import _finding


def test_findings_are_counted_by_code_and_errors_are_loud(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    notes = [_finding("note", file=f"n{i:03}.jpg") for i in range(103)]
    one.write_check({"train": 2, "test": 6}, [*notes, _finding("error", code="no-photo", action="set aside")])
    page = Page(built(one))
    assert page.row("points-clipped") == ["points-clipped", "note", "103"]
    assert page.row("no-photo") == ["no-photo", "error", "1"]
    assert "1 error: what it names is not in the shards." in page.text
    assert "card loud" in page.attributes("div", "class")
    assert "n099.jpg" in page.text
    assert "n100.jpg" not in page.text
    assert "and 3 more in data/checks/one.json" in page.text
    details = [attrs for tag, attrs in page.tags if tag == "details" and "class" not in attrs]
    assert [("open" in attrs) for attrs in details] == [True, False]
    assert "1 set aside" in next(r for r in page.clean() if r and r[0].startswith("one"))[1]


def test_without_a_check_report_it_says_so(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    page = Page(built(one))
    assert "data/checks/one.json is not here" in page.text
    assert "card loud" not in page.attributes("div", "class")


def test_a_photo_in_two_splits_is_loud(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    one.write_shards({"train": photos(["a"], 3), "test": photos(["a", "b", "c", "d", "e", "f"], 3)})
    assert "1 photo stands in more than one split: scores are too good." in Page(built(one)).text


def test_a_published_figure_stands_beside_the_measured_one(fake: Callable[..., Fake]) -> None:
    one = fake()
    metrics = complete(one)
    published = "{metric: pixel accuracy, protocol: pixel-accuracy, split: test, value: 0.5, where: table 3, tolerance: 0.9}"
    one.write_pipeline(more=f"published: {published}")
    text = " ".join(Page(built(one)).text.split())
    here = metrics["pixel_accuracy"]
    assert (
        f"0.500 pixel accuracy on test; here {here:.3f} [0.123 to 0.987] (+{here - 0.5:.3f}, within ±0.9)"
        in text
    )
    assert (
        "Protocol: pixel-accuracy (right pixels, as a share of all labelled pixels of the split). Source: table 3."
        in text
    )
    one.write_pipeline(more=f"published: {published.replace('split: test', 'split: val')}")
    assert "; here" not in Page(built(one)).text
    one.write_pipeline(more=f"published: {published.replace('value: 0.5', 'value: null')}")
    assert f"no figure for pixel accuracy on test; here {here:.3f}" in " ".join(Page(built(one)).text.split())


def test_the_further_published_figures_stand_there_too(fake: Callable[..., Fake]) -> None:
    one = fake()
    here = complete(one)["pixel_accuracy"]
    also = (
        "[{metric: accuracy, protocol: pixel-accuracy, split: test, value: 0.9, tolerance: 0.001}, "
        "{metric: IoU, protocol: jaccard-20, split: val, value: 0.31}, {metric: recall, protocol: weighted-recall, split: test}]"
    )
    one.write_pipeline(
        more="published: {metric: mean IoU, protocol: mean-iou, split: test, value: 0.5, where: table 3, tolerance: 0.02, "
        f"also: {also}}}"
    )
    text = " ".join(Page(built(one)).text.split())
    gap = f"{here - 0.9:+.3f}".replace("-", "−")  # type: ignore[operator]
    assert f"Also: 0.900 accuracy on test; here {here:.3f} [0.123 to 0.987] ({gap}, outside ±0.001)." in text
    assert (
        "Also: 0.310 IoU on val; not scored here. Protocol: jaccard-20 (mean IoU with void as one class more, whose pixels count)."
        in text
    )
    assert "Also: no figure for recall on test; not scored here. Protocol: weighted-recall" in text
    assert text.count("Also: ") == 3 and text.count("Source: ") == 1


def test_a_model_below_the_baseline_is_marked(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    path = one.project.evaluation_dir("one") / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"mean_iou_above_best_baseline": -0.02}))
    page = Page(built(one))
    assert "−0.020" in page.text
    assert "down" in page.attributes("dd", "class")


def test_figures_of_other_splits_and_sizes_stand_there_as_long_as_they_are_of_what_lies_here(
    fake: Callable[..., Fake],
) -> None:
    one = fake()
    complete(one)
    one.note_origin()
    own = one.project.evaluation_dir("one")
    one.write_pipeline(
        more="published: {metric: accuracy, protocol: pixel-accuracy, split: val, value: 0.9, where: t, tolerance: 0.1, "
        "at: photo, also: [{metric: dice, protocol: macro-dice, split: val}]}\nevaluate: {split: test}"
    )

    def said() -> str:
        return " ".join(Page(built(one)).text.split())

    def figure(protocol: str, value: float | None) -> dict[str, object]:
        return {"protocol": protocol, "value": value, "interval": [value and 0.2, value and 0.4]}

    for text in (
        "0.900 accuracy on val",
        "no figure for dice on val",
        "Standard: as is usually counted, on val",
    ):
        assert f"{text}; not scored here. Protocol: " in said()
    assert "What is not scored here, segdata reproduce one scores." in said()

    on_val, at_own_size = one.project.scored_dir("one", "val"), one.project.own_size_dir("one", "val")
    assert on_val == one.project.root / "data/scored/one-val" and at_own_size.parent == on_val.parent
    on_val.mkdir(parents=True)
    metrics = json.loads((own / "metrics.json").read_text())
    figures = [figure("pixel-accuracy", 0.3634), figure("macro-dice", None)]
    changed = {"split": "val", "size_hw": [12, 16], "protocols": figures}
    (on_val / "metrics.json").write_text(json.dumps(metrics | changed))
    origin = read_origin(own)
    assert origin is not None
    at_photos = ProtocolScore("mean-iou", 0.2292, (0.2, 0.4))
    keep_own_size(one.project, "one", OwnSizeScores(split="val", samples=1, protocols=(at_photos,)), origin)
    assert "0.363 [0.200 to 0.400] (−0.537, outside ±0.1). Counted at 12 × 16. Protocol: " in said()
    assert said().count("Whether it is of the shards and weights that lie here now cannot be told.") == 2
    (on_val / "scored.json").write_bytes(origin.encoded())
    assert "cannot be told" not in said()
    assert "no figure for dice on val; not defined here. Counted at 12 × 16." in said()
    standard = "Standard: as is usually counted, on val; here 0.229 [0.200 to 0.400]. Counted at each photo’s own size."
    assert standard in said()

    one.write_run([(1, 1.0, 1.0, 0.2, 0.5, 0.02)], best=1)
    other = "not scored here, as what lies in data/scored/one-val{} is of other weights."
    assert f"0.900 accuracy on val; {other.format('')}" in said()
    assert f"Standard: as is usually counted, on val; {other.format('-own-size')}" in said()
    assert "0.363" not in said() and "0.229" not in said()
    (at_own_size / "figures.json").write_text('{"split": 7}')
    with pytest.raises(DataError, match=r"figures\.json: found .*segdata reproduce one again"):
        built(one)


def test_a_pipeline_scored_at_another_size_than_its_shards_says_so(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    said = " ".join(Page(built(one)).text.split())
    assert "mininet 6 × 8 (height × width)" in said and "scored at" not in said
    path = one.project.evaluation_dir("one") / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"size_hw": [12, 16]}))
    said = " ".join(Page(built(one)).text.split())
    assert (
        "mininet shards 6 × 8 (height × width) scored at 12 × 16 Scored at 12 × 16, as evaluate.size_hw"
        in said
    )
    assert (
        "(data/evaluation/one/predictions) and shown here were brought to the shards’ 6 × 8 afterwards"
        in said
    )
