"""The report says what is doubtful, and says it where a reader looks."""

from __future__ import annotations

import json
from collections.abc import Callable

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
        "Also: 0.310 IoU on val. Protocol: jaccard-20 (mean IoU with void as one class more, whose pixels count)."
        in text
    )
    assert "Also: no figure for recall on test. Protocol: weighted-recall" in text
    assert text.count("Also: ") == 3 and text.count("Source: ") == 1


def test_a_model_below_the_baseline_is_marked(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    path = one.project.evaluation_dir("one") / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"mean_iou_above_best_baseline": -0.02}))
    page = Page(built(one))
    assert "−0.020" in page.text
    assert "down" in page.attributes("dd", "class")
