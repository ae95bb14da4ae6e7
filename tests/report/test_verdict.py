"""The answers in plain words: each rule at its threshold, on both sides of it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from segdata.report.sections import Section, read_section
from segdata.report.verdict import Answer, judge
from tests.report.fakes import Fake
from tests.report.pages import Page, built, complete, photos


def section(one: Fake) -> Section:
    return read_section(one.project, one.name, 0)


def told(answer: Answer | None) -> list[tuple[str, str]]:
    assert answer is not None
    return [(one.grade, one.text) for one in answer.statements]


def change_metrics(one: Fake, **changed: object) -> None:
    path = one.project.evaluation_dir("one") / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def test_a_small_set_that_is_otherwise_fine(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    verdict = judge(section(one))
    assert verdict.data is not None
    assert (verdict.data.grade, verdict.data.headline) == ("look", "It can be used; look at this:")
    texts = [text for _, text in told(verdict.data)]
    assert "9 photos: 2 train, 1 val, 6 test." in texts
    assert "Only 6 test photos to score by: figures are uncertain." in texts
    assert any(text.startswith("Rare in training: road (") and "2 photos)" in text for text in texts)
    assert len(texts) == 3


@pytest.mark.parametrize(("aside", "grade"), [(0, None), (1, "bad")])
def test_what_was_set_aside_of_nine(fake: Callable[..., Fake], aside: int, grade: str | None) -> None:
    one = fake()
    complete(one)
    finding = {
        "code": "unreadable",
        "file": "x",
        "place": "",
        "message": "m",
        "action": "set aside",
        "severity": "error",
    }
    one.write_check({"train": 2}, [finding] * aside)
    found = [g for g, text in told(judge(section(one)).data) if "set aside" in text]
    assert found == ([grade] if grade else [])
    if aside:
        assert ("bad", "1 thing set aside, 10.0 % of all: not in the shards.") in told(
            judge(section(one)).data
        )


def test_a_set_aside_thing_among_many_is_only_looked_at(fake: Callable[..., Fake]) -> None:
    one = fake()
    one.write_pipeline()
    one.write_shards({"train": photos([f"t{n}" for n in range(20)], 3)})
    finding = {
        "code": "unreadable",
        "file": "x",
        "place": "",
        "message": "m",
        "action": "set aside",
        "severity": "error",
    }
    warning = {
        "code": "xmp",
        "file": "y",
        "place": "",
        "message": "m",
        "action": "kept",
        "severity": "warning",
    }
    one.write_check({"train": 20}, [finding, warning, warning])
    said = told(judge(section(one)).data)
    assert ("look", "1 thing set aside, 4.8 % of all: not in the shards.") in said
    assert ("look", "The conversion warned 2 times: see the check below.") in said
    assert ("look", "Only 0 test photos to score by: figures are uncertain.") in said


def test_leaks_and_classes_that_cannot_be_learned(fake: Callable[..., Fake]) -> None:
    one = fake(names=("road", "car", "tree", "unicorn"))
    one.write_pipeline()
    train = {id: (image, mask % 2) for id, (image, mask) in photos(["a", "b"], 3).items()}
    one.write_shards({"train": train, "test": photos(["a", "c"], 3)})
    said = told(judge(section(one)).data)
    assert said[0][0] == "bad"
    assert ("bad", "1 photo file in both train and test: scores are too good.") in said
    assert ("bad", "Never in a training photo, so it cannot be learned: tree, unicorn.") in said


def test_a_model_by_its_interval_and_its_classes(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    change_metrics(one, mean_iou=0.6, mean_iou_above_best_baseline=0.4, mean_iou_interval=[0.55, 0.64])
    model = judge(section(one)).model
    assert model is not None
    assert (model.grade, model.headline) == ("good", "Yes, by every rule.")
    assert told(model) == [
        ("good", "Mean IoU 0.600: 0.400 above a predictor that never looks at the photo."),
        ("good", "3 of 3 classes reach an IoU of 0.5."),
    ]
    change_metrics(one, mean_iou_interval=[0.19, 0.7])
    assert told(judge(section(one)).model)[:2] == [
        ("look", "Mean IoU 0.600; its interval reaches down to the baseline (0.200)."),
        ("look", "Uncertain: the 95 % interval is 0.510 wide. Score more photos."),
    ]
    change_metrics(one, mean_iou_above_best_baseline=0.0, shards_of_training="other")
    assert told(judge(section(one)).model)[:2] == [
        ("bad", "Mean IoU 0.600 is not above the better baseline (0.600)."),
        ("bad", "Trained on other shards than it was scored on: it may have seen these photos."),
    ]


def test_with_other_settings_a_published_figure_is_no_measure(fake: Callable[..., Fake]) -> None:
    one = fake()
    metrics = complete(one)
    here = metrics["pixel_accuracy"]
    one.write_pipeline(
        more=f"published: {{metric: pixel accuracy, protocol: pixel-accuracy, split: test, value: {here}, where: t, "
        'tolerance: 0.02, settings: {train: "00000000"}, departures: {split: its seed is <not> stated}}'
    )
    expected = (
        f"Not to be held against the published pixel accuracy of {here:.3f}: {here:.3f} here, with other settings than "
        "published."
    )
    assert ("look", expected) in told(judge(section(one)).model)
    page = Page(built(one))
    said = " ".join(page.text.split())
    assert "Other settings than published, in the pipeline file or when the model was trained: train." in said
    assert "(+0.000, other settings)" in said and "within ±" not in said
    assert "Departures from the report (1) splitits seed is <not> stated" in said


def test_a_published_figure_is_met_or_missed(fake: Callable[..., Fake]) -> None:
    one = fake()
    metrics = complete(one)
    here = metrics["pixel_accuracy"]
    assert isinstance(here, float)
    published = "published: {{metric: pixel accuracy, protocol: pixel-accuracy, split: test, value: {}, where: t, tolerance: 0.02}}"
    for value, grade, word in ((here - 0.01, "good", "Agrees"), (here - 0.03, "look", "Does not agree")):
        one.write_pipeline(more=published.format(f"{value:.4f}"))
        expected = (
            f"{word} with the published pixel accuracy of {value:.3f}: {here:.3f} here, tolerance 0.02."
        )
        assert (grade, expected) in told(judge(section(one)).model)


@pytest.mark.parametrize(
    ("losses", "scores", "message"),
    [
        ((1.0, 0.5, 0.57), (0.2, 0.5, 0.509), None),
        ((1.0, 0.5, 0.58), (0.2, 0.5, 0.4), "Validation loss rose from 0.500 (epoch 2) to 0.580 at the end"),
        ((1.0, 0.5, 0.4), (0.2, 0.5, 0.511), "Mean IoU on val rose by 0.011 at the very end: train longer."),
        (("", "", ""), ("", "", ""), None),
    ],
)
def test_how_the_training_ended(
    fake: Callable[..., Fake], losses: tuple[object, ...], scores: tuple[object, ...], message: str | None
) -> None:
    one = fake()
    complete(one)
    rows = [
        (epoch, 1.0, loss, iou, 0.5, 0.1) for epoch, loss, iou in zip((1, 2, 3), losses, scores, strict=True)
    ]
    one.write_run(rows, best=2)
    said = [text for grade, text in told(judge(section(one)).model) if grade == "look"]
    assert [text[: len(message or "")] for text in said] == ([message] if message else [])


def test_where_it_fails(fake: Callable[..., Fake]) -> None:
    one = fake()
    complete(one)
    folder = one.project.evaluation_dir("one")
    (folder / "per_class.csv").write_text(
        "class,truth_pixels,predicted_pixels,iou,accuracy\nroad,100,90,0.8,0.9\ncar,40,20,0.3,0.4\ntree,20,10,0.5,0.8\n"
    )
    (folder / "confusion.csv").write_text(
        "truth,prediction,pixels\nroad,road,90\nroad,car,9\nroad,tree,1\ncar,car,16\ncar,road,24\ntree,tree,16\ntree,road,2\ntree,car,2\n"
    )
    (folder / "per_photo.csv").write_text(
        "id,pixel_accuracy,mean_iou\na,0.9,0.5\nb,0.88,0.5\nc,0.86,0.5\nd,0.7,0.5\ne,,\nf,0.95,0.5\n"
    )
    fails = judge(section(one)).fails
    assert told(fails) == [
        ("look", "car: IoU 0.300; 60.0 % of it is taken for road."),
        ("look", "10.0 % of tree is taken for road."),
        ("look", "1 photo far below the median of 0.880: d (0.700)."),
    ]
    assert fails is not None
    assert fails.headline == "Mostly here:"
    (folder / "per_photo.csv").write_text("id,pixel_accuracy,mean_iou\na,0.9,0.5\nb,0.8,0.5\n")
    assert ("good", "No photo falls far behind; the worst is b (0.800).") in told(judge(section(one)).fails)


def test_many_failures_are_told_as_a_few_and_a_count(fake: Callable[..., Fake]) -> None:
    names = tuple(f"c{number}" for number in range(16))
    one = fake(names=names)
    complete(one)
    folder = one.project.evaluation_dir("one")
    rows = [f"{name},100,100,{0.01 * number if number < 8 else 0.9},0.5" for number, name in enumerate(names)]
    (folder / "per_class.csv").write_text(
        "\n".join(["class,truth_pixels,predicted_pixels,iou,accuracy", *rows])
    )
    pairs = [
        f"{name},{other},{50 if name == other else 50 if other == 'c0' or (name, other) == ('c0', 'c1') else 0}"
        for name in names
        for other in names
    ]
    (folder / "confusion.csv").write_text("\n".join(["truth,prediction,pixels", *pairs]))
    said = [text for _, text in told(judge(section(one)).fails)]
    assert said[:6] == [
        f"c{n}: IoU 0.0{n}0; 50.0 % of it is taken for {'c0' if n else 'c1'}." for n in range(5)
    ] + ["3 more classes below an IoU of 0.5."]
    assert said[6:12] == [f"50.0 % of c{n} is taken for c0." for n in range(8, 13)] + [
        "3 more confusions: see the matrix."
    ]


def test_nothing_to_judge(fake: Callable[..., Fake]) -> None:
    one = fake()
    one.write_pipeline()
    verdict = judge(section(one))
    assert verdict.answers == ()
