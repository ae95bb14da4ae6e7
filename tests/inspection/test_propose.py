"""From a survey to a proposal: classes, splits, sizes, and what the user is told to check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segdata.errors import DataError
from segdata.inspection.classes import Classes, Entry, propose_classes
from segdata.inspection.propose import Proposal, choose_size, propose
from segdata.inspection.recognise import Headers
from segdata.palette import distinct_colors
from tests.inspection.folders import inspection, masks_survey, survey, write_masks

ORANGE, BLUE, GREEN = distinct_colors(3)


def classes_of(**changes: Any) -> Classes:
    return propose_classes(survey(**changes))


def mapped(classes: Classes) -> dict[str | int, str]:
    assert classes.label_map is not None
    return {entry.label: entry.class_name for entry in classes.label_map}


def test_one_class_per_label_in_colours_that_are_told_apart() -> None:
    classes = classes_of(labels={"road": 30, "car": 2, "": 1})
    assert classes.ontology == {"unnamed": ORANGE, "car": BLUE, "road": GREEN}
    assert classes.label_map == (
        Entry("", "unnamed", "1 region"),
        Entry("car", "car", "2 regions"),
        Entry("road", "road", "30 regions"),
    )
    assert (classes.unlabelled, classes.checks) == ("ignore", ())


def test_numbers_become_classes_with_a_name_of_their_own() -> None:
    classes = propose_classes(masks_survey(["a"], labels={10: 1, 0: 1, 2: 1}))
    assert mapped(classes) == {0: "class 0", 2: "class 2", 10: "class 10"}
    assert classes.ontology == {"class 0": ORANGE, "class 2": BLUE, "class 10": GREEN}
    assert classes.checks == (
        "The label 0 is a class of its own here: map it to ignore if it means not labelled.",
    )
    assert mapped(classes_of(labels={1: 1, "class 1": 1, "": 1, "unnamed": 1})) == {
        1: "class 1_",
        "": "unnamed_",
        "class 1": "class 1",
        "unnamed": "unnamed",
    }


@pytest.mark.parametrize("name", ["ignore", "void", "unlabeled", "Unlabelled", "VOID ", "__ignore__"])
def test_what_is_called_void_is_proposed_as_ignore_and_marked(name: str) -> None:
    classes = classes_of(labels={"road": 3, "car": 2, name: 7})
    assert mapped(classes)[name] == "ignore"
    assert classes.ontology == {"car": ORANGE, "road": BLUE}
    assert classes.checks == (
        f"The label {name!r} is mapped to ignore because of its name: is that what it means?",
    )
    assert classes.label_map is not None
    (entry,) = [entry for entry in classes.label_map if entry.label == name]
    assert entry.remark.startswith("7 regions; CHECK: the name says not labelled")


@pytest.mark.parametrize("name", ["background", "other", "None", "_background_"])
def test_what_may_be_void_stays_a_class_and_is_marked(name: str) -> None:
    classes = classes_of(labels={"road": 3, name: 7})
    assert mapped(classes)[name] == name
    assert f"The label {name!r} is a class of its own here" in classes.checks[0]


def test_a_single_class_gets_a_background_and_says_so() -> None:
    classes = classes_of(labels={"building": 51})
    assert classes.ontology == {"background": (0, 0, 0), "building": ORANGE}
    assert classes.unlabelled == "background"
    assert "'building' is the only class" in classes.checks[0]
    masks = propose_classes(masks_survey(["a"], labels={3: 1}))
    assert masks.ontology == {"class 3": ORANGE}
    assert masks.unlabelled == "ignore"


def test_the_annotations_own_colours_and_map_are_kept() -> None:
    classes = classes_of(
        labels={7: 3, 26: 2, 0: 3},
        ontology={"road": (1, 2, 3), "car": (4, 5, 6)},
        label_map={0: "ignore", 7: "road", 26: "car"},
    )
    assert classes.ontology == {"road": (1, 2, 3), "car": (4, 5, 6)}
    assert mapped(classes) == {0: "ignore", 7: "road", 26: "car"}
    city = classes_of(labels={"road": 3, "pole": 2}, ontology="cityscapes-19")
    assert (city.ontology, city.label_map) == ("cityscapes-19", None)
    named = classes_of(
        labels={"road": 3, "void": 2, "tree": 1}, ontology={"road": (1, 2, 3), "car": (4, 5, 6)}
    )
    assert mapped(named) == {"road": "road", "car": "car", "void": "ignore"}
    assert "Labels without a class, whose photos would be set aside: 'tree'." in named.checks


def test_more_labels_than_classes_can_be() -> None:
    labels = {f"text {number:03}": 1000 - number for number in range(300)}
    classes = classes_of(labels=labels)
    assert len(classes.ontology) == 255
    assert mapped(classes)["text 254"] == "text 254"
    assert mapped(classes)["text 255"] == "ignore"
    assert "There are 300 labels, and at most 255 classes: the rarest 45" in classes.checks[0]


def test_nothing_annotated_is_an_error() -> None:
    with pytest.raises(
        DataError, match="no label that could become a class; expected at least one annotated"
    ):
        classes_of(labels={}, annotated=0)
    with pytest.raises(DataError, match="no label that could become a class"):
        classes_of(labels={"void": 3})


@pytest.mark.parametrize(
    ("size_hw", "chosen"),
    [
        ((480, 640), (192, 256)),
        ((640, 480), (256, 192)),
        ((1024, 2048), (128, 256)),
        ((2464, 2048), (192, 160)),
        ((320, 480), (160, 240)),
        ((3472, 4624), (192, 256)),
        ((1000, 1000), (256, 256)),
        ((60, 80), (48, 64)),
        ((10, 12), (16, 16)),
        ((100, 9000), (16, 256)),
    ],
)
def test_sizes_keep_the_aspect_in_multiples_of_16(size_hw: tuple[int, int], chosen: tuple[int, int]) -> None:
    assert choose_size(Headers(1, {size_hw: 3, (7, 7): 1}, {}, ())) == chosen


def proposal_of(root: Path, ids: list[str], headers: Headers | None = None, **changes: Any) -> Proposal:
    found = inspection(root, masks_survey(ids, **changes), headers or Headers(1, {(48, 64): 1}, {}, ()))
    return propose(found, "mine", "data/raw/mine")


def test_many_photos_are_split_by_a_hash_few_are_drawn(tmp_path: Path) -> None:
    many = [f"{number:04}" for number in range(60)]
    write_masks(tmp_path / "many", many)
    proposal = proposal_of(tmp_path / "many", many)
    assert proposal.splits == {"method": "hash", "shares": {"train": 0.7, "val": 0.15, "test": 0.15}}
    assert sum(proposal.samples.values()) == 60 and proposal.samples["train"] > 30
    assert (proposal.evaluate_split, proposal.batch_size, proposal.problem) == ("test", 8, "")
    few = ["a", "b", "c", "d", "e"]
    write_masks(tmp_path / "few", few)
    proposal = proposal_of(tmp_path / "few", few)
    assert proposal.splits == {
        "method": "seeded",
        "recipe": "scikit-learn",
        "seed": 0,
        "test": 0.2,
        "val": 0.2,
    }
    assert proposal.samples == {"train": 3, "val": 1, "test": 1}
    assert (proposal.batch_size, proposal.epochs) == (4, 48)
    write_masks(tmp_path / "two", ["a"])
    assert "1 sample: too few to train on" in proposal_of(tmp_path / "two", ["a"]).checks[-1]


def test_splits_of_the_data_are_taken_when_there_is_something_to_choose_by(tmp_path: Path) -> None:
    for split, ids in (("train", ["a", "b", "c"]), ("val", ["d"]), ("test", ["e"])):
        write_masks(tmp_path / split, ids)
    options = {"split_folders": True}
    proposal = proposal_of(tmp_path, list("abcde"), options=options, splits={"train": 3, "val": 1, "test": 1})
    assert proposal.splits == {"method": "official"}
    assert proposal.samples == {"train": 3, "val": 1, "test": 1}
    assert (proposal.evaluate_split, proposal.reasons["splits"]) == (
        "test",
        "The data bring their own: 3 train, 1 val, 1 test.",
    )
    (tmp_path / "val").rename(tmp_path / "hidden")
    proposal = proposal_of(tmp_path, list("abce"), options=options, splits={"train": 3, "test": 1})
    assert proposal.splits["method"] == "seeded"
    assert proposal.reasons["splits"].startswith(
        "The data bring 3 train, 1 test, but training needs train and val. With so few photos (4)"
    )


def test_turned_and_unannotated_photos_are_told_beside_their_keys(tmp_path: Path) -> None:
    write_masks(tmp_path, list("abcde"))
    headers = Headers(5, {(48, 64): 4, (64, 48): 1}, {6: 1}, ())
    reasons = proposal_of(tmp_path, list("abcde"), headers, annotated=3).reasons
    assert reasons["exif"].startswith("Stored turned (EXIF): 1 photo. If masks lie askew")
    assert reasons["unannotated"].startswith("Without annotation: 2 photos. skip leaves them out")
    assert (
        "most photos are 48x64 (height x width). Those of 1 other size are stretched to it."
        in reasons["size_hw"]
    )
    assert "unlabelled" not in reasons


def test_a_choice_between_attributes_is_told(tmp_path: Path) -> None:
    write_masks(tmp_path, ["a"])
    changes = {"options": {"photos": "image"}, "choices": {"photos": ["image", "photos"], "masks": ["m"]}}
    assert (
        "options.photos is image, and could be [photos]. If it holds the class, other labels come with it."
        in proposal_of(tmp_path, ["a"], **changes).checks
    )


def test_a_source_that_the_reader_refuses_is_told(tmp_path: Path) -> None:
    proposal = proposal_of(tmp_path, ["a"])
    assert "found nothing at this path; expected the photos" in proposal.problem
    assert proposal.problem.startswith("the source cannot be opened: ")
    assert proposal.samples == {}
