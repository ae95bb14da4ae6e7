"""Findings that say the same become one line, with their numbers and names where these differ."""

from __future__ import annotations

from segdata.findings import Finding
from segdata.kinds import group_findings


def clipped(file: str, place: str, message: str) -> Finding:
    return Finding("points-clipped", file, place, message, "clipped")


def unmapped(file: str, label: str, meant: str = "; did you mean 'tree'? Valid: car, tree") -> Finding:
    message = f"found label {label!r}; expected a label of source.label_map{meant}"
    return Finding("unmapped-label", file, "region 1", message, "set aside", "error")


def test_one_finding_is_said_in_full() -> None:
    (kind,) = group_findings([clipped("a.jpg", "region 2", "3 of 14 points lie outside the photo of 64x48")])
    assert kind.line() == (
        "note: a.jpg (region 2): 3 of 14 points lie outside the photo of 64x48 [points-clipped: clipped]"
    )


def test_what_differs_is_left_out_and_what_does_not_stays() -> None:
    (kind,) = group_findings(
        [
            clipped("b.jpg", "region 1", "1 of 14 points lie outside the photo of 64x48"),
            clipped("a.jpg", "region 9", "3 of 14 points lie outside the photo of 64x48"),
            clipped("a.jpg", "region 2", "2 of 14 points lie outside the photo of 64x48"),
        ]
    )
    assert (kind.says, kind.files, len(kind.findings)) == (
        "… of 14 points lie outside the photo of 64x48",
        2,
        3,
    )
    assert kind.line().startswith(
        "note: 3 times in 2 files, first a.jpg (region 2): 2 of 14 points lie outside"
    )
    assert [(one.file, one.place) for one in kind.findings] == [
        ("a.jpg", "region 2"),
        ("a.jpg", "region 9"),
        ("b.jpg", "region 1"),
    ]


def test_spellings_of_one_label_are_one_line_and_other_labels_are_not() -> None:
    tree, lorry = group_findings(
        [
            unmapped("a.jpg", "Tree "),
            unmapped("b.jpg", "TREE"),
            unmapped("c.jpg", "Tree "),
            unmapped("d.jpg", "lorry", "; Valid: car, tree"),
        ]
    )
    assert tree.says == "label 'Tree ' (2), 'TREE' (1): not in source.label_map; did you mean 'tree'?"
    assert lorry.says == "label 'lorry': not in source.label_map"


def test_values_that_no_map_names_stay_apart() -> None:
    def value(file: str, number: int, pixels: int) -> Finding:
        message = (
            f"found value {number} ({pixels} pixels; unmapped values: [{number}]); expected a value of …"
        )
        return Finding("unmapped-label", file, "row 1, column 2", message, "set aside", "error")

    kinds = group_findings([value("a.png", 34, 5), value("b.png", 34, 99), value("c.png", 35, 1)])
    assert [len(kind.findings) for kind in kinds] == [2, 1]
    assert kinds[0].says == "found value 34 (… pixels; unmapped values: [34]); expected a value of …"


def test_order_is_severity_then_number() -> None:
    def finding(code: str, severity: str, file: str) -> Finding:
        return Finding(code, file, "", code, "kept", severity)  # type: ignore[arg-type]

    kinds = group_findings(
        [
            finding("n", "note", "a"),
            finding("w1", "warning", "a"),
            finding("w2", "warning", "a"),
            finding("w2", "warning", "b"),
            finding("e", "error", "z"),
        ]
    )
    assert [kind.code for kind in kinds] == ["e", "w2", "w1", "n"]


def test_odd_messages_do_not_confuse() -> None:
    odd = ["it's the photo's 3 'a' … b", "it's the photo's … 'a' 3 b", "'", "\\' \" 4", "'4", ""]
    kinds = group_findings([Finding("x", f"{number}", "", text, "kept") for number, text in enumerate(odd)])
    assert sum(len(kind.findings) for kind in kinds) == len(odd)
    assert group_findings([]) == ()


def test_the_first_places_are_told_and_one_of_a_kind_is_no_other_kind() -> None:
    (kind,) = group_findings(
        [
            *(Finding("too-few-points", f"{name}.jpg", "", "2 points: too few", "ignored") for name in "abc"),
            Finding("too-few-points", "d.jpg", "", "1 point: too few", "ignored"),
        ]
    )
    assert kind.line() == (
        "note: 4 times in 4 files, first a.jpg: 2 points: too few; also b.jpg, c.jpg, … [too-few-points: ignored]"
    )
    (kind,) = group_findings(
        [Finding("not-annotated", f"{name}.jpg", "", "no entry", "set aside") for name in "abcd"]
    )
    assert kind.line() == (
        "note: 4 times in 4 files, first a.jpg, b.jpg, c.jpg, …: no entry [not-annotated: set aside]"
    )


def test_names_that_differ_are_told_up_to_three() -> None:
    def lost(*names: str) -> str:
        found = [
            Finding(
                "no-photo", "coco.json", f"image {number}", f"no {name!r} in images", "set aside", "error"
            )
            for number, name in enumerate(names, 1)
        ]
        (kind,) = group_findings(found)
        return kind.line()

    assert lost("a.jpg") == "error: coco.json (image 1): no 'a.jpg' in images [no-photo: set aside]"
    assert lost("a.jpg", "b.jpg") == (
        "error: 2 times in 1 file, first coco.json (image 1): no 'a.jpg', 'b.jpg' in images [no-photo: set aside]"
    )
    assert "no 'a.jpg', 'b.jpg', 'c.jpg' and 2 more in images" in lost(*(f"{one}.jpg" for one in "abcde"))


def test_places_in_one_file_are_told_up_to_three_and_each_file_once() -> None:
    def lines(*places: tuple[str, str]) -> list[str]:
        found = [Finding("x", file, place, "alike", "kept") for file, place in places]
        return [kind.line() for kind in group_findings(found)]

    assert lines(("a.jpg", "1"), ("a.jpg", "2")) == [
        "note: 2 times in 1 file, first a.jpg (1; 2): alike [x: kept]"
    ]
    assert lines(*(("a.jpg", number) for number in "1234")) == [
        "note: 4 times in 1 file, first a.jpg (1; 2; 3; …): alike [x: kept]"
    ]
    assert lines(("a.jpg", "1"), ("a.jpg", "2"), ("b.jpg", "7")) == [
        "note: 3 times in 2 files, first a.jpg (1), b.jpg (7): alike [x: kept]"
    ]
