"""Charts and matrices as values."""

from __future__ import annotations

import re

import pytest

from segdata.report.axes import decades, ticks, whole_marks
from segdata.report.figures import Line, confusion_matrix, line_chart
from segdata.report.inputs import ClassScore, Confused
from segdata.report.text import fixed


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 2.6, [0, 1, 2, 3]),
        (0, 0.031, [0, 0.01, 0.02, 0.03, 0.04]),
        (1, 20, [0, 5, 10, 15, 20]),
        (3, 3, [3, 4]),
        (0, 0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
    ],
)
def test_ticks_are_round_and_enclose_the_values(low: float, high: float, expected: list[float]) -> None:
    found = ticks(low, high)
    assert found[0] <= low
    assert found[-1] >= high
    if (low, high) not in {(3, 3), (0, 0)}:
        assert found == expected


def test_a_chart_puts_values_where_its_axis_says_and_skips_unknown_ones() -> None:
    svg = line_chart("Loss", [1, 2, 3], [Line("a", (1.0, None, 0.0)), Line("b", (0.5, 0.5, 0.5))], best=3)
    points = re.findall(r'<polyline class="line-(\d)" points="([^"]*)"', svg)
    assert points == [("0", "44.0,18.0 408.0,196.0"), ("1", "44.0,107.0 226.0,107.0 408.0,107.0")]
    assert 'class="best" x1="408.0" x2="408.0"' in svg
    assert "best: epoch 3" in svg


def test_a_chart_of_one_epoch_shows_a_dot_and_of_none_shows_nothing() -> None:
    assert line_chart("Loss", [4], [Line("a", (0.7,))], best=None).count("<circle") == 1
    assert line_chart("Loss", [1], [Line("a", (None,))], best=1) == ""


def test_a_single_epoch_stands_in_the_middle_with_its_own_number_alone() -> None:
    svg = line_chart("Loss", [4], [Line("a", (0.7,)), Line("b", (0.9,))], best=4)
    assert re.findall(r'cx="([^"]*)"', svg) == ["226.0", "226.0"]
    assert re.findall(r'text-anchor="middle">([^<]*)<', svg) == ["4", "epoch"]


def test_losses_that_span_decades_stand_on_a_logarithmic_axis_that_says_so() -> None:
    lines = [Line("a", (1.0, 0.5, 0.1)), Line("b", (10.0, 1.0, None))]
    svg = line_chart("Loss", [1, 2, 3], lines, best=3, from_zero=False)
    assert re.findall(r'points="([^"]*)"', svg) == [
        "44.0,107.0 226.0,133.8 408.0,196.0",  # 1 halfway from 0.1 to 10
        "44.0,18.0 226.0,107.0",
    ]
    assert re.findall(r'text-anchor="end">([^<]*)<', svg)[:7] == ["0.1", "0.2", "0.5", "1", "2", "5", "10"]
    assert "logarithmic axis" in svg
    plain = line_chart("Loss", [1, 2, 3], [*lines[:1], Line("b", (4.9, 1.0, None))], best=3, from_zero=False)
    zero = line_chart("Loss", [1, 2, 3], [Line("a", (1.0, 0.0, 0.1)), lines[1]], best=3, from_zero=False)
    scores = line_chart("Scores", [1, 2, 3], lines, best=3)
    assert "logarithmic" not in plain + zero + scores


def test_marks_of_epochs_are_whole_and_begin_with_the_first() -> None:
    assert whole_marks(1, 4) == [1, 2, 3, 4]
    assert whole_marks(1, 2) == [1, 2]
    assert whole_marks(1, 48) == [1, 10, 20, 30, 40]
    assert whole_marks(9, 48) == [10, 20, 30, 40]
    assert whole_marks(7, 7) == [7]


def test_decades_hold_their_values_between_round_ends() -> None:
    assert decades(0.1, 10) == (0.1, 10.0, [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0])
    assert decades(0.12, 15.3) == (0.1, 20.0, [0.1, 1.0, 10.0])


def test_names_in_a_chart_are_escaped() -> None:
    assert "<b>" not in line_chart("<b>", [1, 2], [Line('"<b>', (1.0, 2.0))], best=2)


def test_matrix_rows_are_shares_of_the_truth_and_the_worst_confusion_is_found() -> None:
    classes = [ClassScore(name, 1, 1, 0.5, 0.5) for name in ("road", "car", "ghost")]
    confused = [
        Confused("road", "road", 900),
        Confused("road", "car", 99),
        Confused("road", "ghost", 1),
        Confused("car", "car", 3),
        Confused("car", "road", 1),
    ]
    matrix = confusion_matrix(classes, confused)
    assert [[cell.share for cell in row] for _, row in matrix.rows] == [
        [0.9, 0.099, 0.001],
        [0.25, 0.75, 0.0],
        [None, None, None],
    ]
    assert [[cell.text for cell in row] for _, row in matrix.rows] == [
        ["90", "10", "<1"],
        ["25", "75", ""],
        ["", "", ""],
    ]
    found = [(truth, cell.prediction, cell.share) for truth, cell in matrix.confusions()]
    assert found == [("car", "road", 0.25), ("road", "car", 0.099)]


def test_a_large_matrix_keeps_the_most_frequent_classes_in_their_order() -> None:
    classes = [ClassScore(f"c{index}", index, 0, None, None) for index in range(45)]
    matrix = confusion_matrix(classes, [Confused("c44", "c0", 30), Confused("c44", "c44", 10)])
    assert matrix.names == tuple(f"c{index}" for index in range(5, 45))
    assert matrix.hidden == 5
    # 30 of the 40 pixels went to a class that is not shown: the row does not pretend otherwise.
    assert matrix.rows[-1][1][-1].share == 0.25


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(-0.4, 0, "0"), (-0.6, 0, "-1"), (-0.0004, 3, "0.000"), (-0.126, 2, "-0.13"), (0.5, 1, "0.5")],
)
def test_what_rounds_to_nothing_has_no_minus_sign(value: float, digits: int, text: str) -> None:
    assert fixed(value, digits) == text
