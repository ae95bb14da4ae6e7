"""Which classes a survey's labels become: one class per label, unless the format proposes better.

{"road": 48, "Tree ": 30, "void": 12}  →  classes road, "Tree "; label map {road: road, "Tree ": "Tree ", void: ignore}

Only labels called ignore, void or unlabeled are proposed as ignore, and each is marked for the user to confirm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from segdata.errors import DataError
from segdata.ontology import IGNORE, IGNORE_INDEX
from segdata.palette import MOST_COLORS, distinct_colors
from segdata.survey import VOID_NAMES, Survey
from segdata.wording import counted

Color = tuple[int, int, int]

DOUBTFUL_NAMES = frozenset(
    "background backgrounds bg none other others misc unknown undefined unclassified ignored dontcare".split()
)
BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the label map: a label, the class it becomes, and what to say beside it."""

    label: str | int
    class_name: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Classes:
    """What to propose.

    ontology    a built-in name, or class name → colour in id order
    label_map   None: names and ids are the ontology's own
    unlabelled  what pixels no region covers are
    checks      what the user must decide
    """

    ontology: str | Mapping[str, Color]
    label_map: tuple[Entry, ...] | None
    unlabelled: str
    checks: tuple[str, ...]


def propose_classes(survey: Survey) -> Classes:
    """Raises DataError when there is nothing to make a class from."""
    checks: list[str] = []
    pairs = _pairs(survey)
    if isinstance(survey.ontology, str):
        return Classes(survey.ontology, _entries(survey, pairs, checks), IGNORE, tuple(checks))
    colors = _colors(survey, pairs)
    if not colors:
        raise DataError(
            survey.evidence,
            found="no label that could become a class",
            expected="at least one annotated photo",
            fix="Annotate a photo and save the annotation here.",
        )
    if len(colors) > IGNORE_INDEX:
        pairs, colors = _most_frequent(survey, pairs, colors, checks)
    unlabelled = IGNORE
    if survey.looked_at is None and len(colors) == 1 and BACKGROUND not in colors:
        (name,) = colors
        colors = {BACKGROUND: (0, 0, 0), **colors}
        unlabelled = BACKGROUND
        checks.append(
            f"{name!r} is the only class, and one class alone teaches nothing: the class background was added, and "
            "what no region covers is background. If parts of the photos were just never outlined, that is wrong."
        )
    return Classes(colors, _entries(survey, pairs, checks), unlabelled, tuple(checks))


def _pairs(survey: Survey) -> dict[str | int, str] | None:
    """Label → class; None where the ontology's own names and ids are the labels."""
    if survey.label_map is not None:
        return dict(survey.label_map)
    labels = sorted(survey.labels, key=lambda label: (isinstance(label, str), label))
    if survey.ontology is None:
        taken = {label for label in labels if isinstance(label, str) and label}
        return {label: IGNORE if _is_void(label) else _class_name(label, taken) for label in labels}
    if isinstance(survey.ontology, str) or any(isinstance(label, int) for label in labels):
        return None
    names = [name for name in survey.ontology if name != IGNORE]
    voids = {label: IGNORE for label in labels if _is_void(label) and label not in names}
    return {**{name: name for name in names}, **voids}


def _class_name(label: str | int, taken: set[str]) -> str:
    """The label itself; a number or an empty label gets a name that no other label has."""
    if isinstance(label, str) and label:
        return label
    name = "unnamed" if label == "" else f"class {label}"
    while name in taken:
        name += "_"
    return name


def _is_void(label: str | int) -> bool:
    return isinstance(label, str) and label.strip(" _").lower() in VOID_NAMES


def _colors(survey: Survey, pairs: Mapping[str | int, str] | None) -> dict[str, Color]:
    """Class → colour in id order: the annotation's own, else colours that are told apart."""
    if isinstance(survey.ontology, Mapping):
        return {name: color for name, color in survey.ontology.items() if name != IGNORE}
    names = dict.fromkeys(name for name in (pairs or {}).values() if name != IGNORE)
    palette = distinct_colors(min(len(names), MOST_COLORS))
    return {name: palette[index % len(palette)] for index, name in enumerate(names)}


def _most_frequent(
    survey: Survey, pairs: dict[str | int, str] | None, colors: Mapping[str, Color], checks: list[str]
) -> tuple[dict[str | int, str], dict[str, Color]]:
    pairs = pairs or {name: name for name in colors}
    counts = dict.fromkeys(colors, 0)
    for label, name in pairs.items():
        if name in counts:
            counts[name] += survey.labels.get(label, 0)
    kept = set(sorted(colors, key=lambda name: (-counts[name], name))[:IGNORE_INDEX])
    checks.append(
        f"There are {len(colors)} labels, and at most {IGNORE_INDEX} classes: the rarest "
        f"{len(colors) - IGNORE_INDEX} are mapped to ignore. Is this attribute really the class?"
    )
    return (
        {label: name if name in kept else IGNORE for label, name in pairs.items()},
        {name: color for name, color in colors.items() if name in kept},
    )


def _entries(
    survey: Survey, pairs: Mapping[str | int, str] | None, checks: list[str]
) -> tuple[Entry, ...] | None:
    unit = "region" if survey.looked_at is None else "mask"
    if pairs is None:
        return None
    entries = []
    for label, name in pairs.items():
        remarks = [counted(survey.labels[label], unit)] if label in survey.labels else []
        if name == IGNORE and _is_void(label):
            remarks.append("CHECK: the name says not labelled; give it a class if it is one")
            checks.append(
                f"The label {label!r} is mapped to ignore because of its name: is that what it means?"
            )
        elif name != IGNORE and _looks_doubtful(label, survey):
            remarks.append("CHECK: a class here; ignore, if it only means that nobody looked")
            checks.append(
                f"The label {label!r} is a class of its own here: map it to ignore if it means not labelled."
            )
        elif label == "":
            remarks.append("CHECK: regions that say no class; name what they are, or ignore")
            checks.append(
                f"{counted(survey.labels.get(label, 0), unit)} without a class: {name!r} here. Say what that is, or "
                'map "" to ignore.'
            )
        if isinstance(label, str) and label != label.strip():
            remarks.append("the space belongs to the label")
        entries.append(Entry(label, name, "; ".join(remarks)))
    missing = [label for label in survey.labels if label not in pairs]
    if missing and survey.label_map is None:
        shown = ", ".join(repr(label) for label in missing[:8]) + (", …" if len(missing) > 8 else "")
        checks.append(f"Labels without a class, whose photos would be set aside: {shown}.")
    return tuple(entries)


def _looks_doubtful(label: str | int, survey: Survey) -> bool:
    """Names that often mean "not labelled"; of numbers that the format has no name for, 0 and 255."""
    if isinstance(label, int):
        return label in (0, IGNORE_INDEX) and survey.label_map is None
    return label.strip(" _").lower() in DOUBTFUL_NAMES or _is_void(label)
