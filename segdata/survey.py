"""What lies in a folder, as one format sees it: what `segdata inspect` prints and starts a pipeline file from.

Every format file offers `survey(root) -> Survey | None`: None when the folder is not of this format. It reads
annotation files, the headers of masks, and the pixels of at most `MOST_MASKS` masks; of photos, only their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from segdata.findings import Finding

MOST_MASKS = 200
"""A survey reads the pixels of so many masks at most, evenly spaced over the sorted names."""

VOID_NAMES = frozenset(("ignore", "void", "unlabeled", "unlabelled"))
"""Labels of these names are proposed as ignore."""

Certainty = Literal["certain", "likely", "possible"]
"""certain: the annotation files say so · likely: the layout says so · possible: nothing speaks against it."""


def evenly_spaced(names: Sequence[str], most: int = MOST_MASKS) -> list[str]:
    """At most `most` names, spread over the whole sequence, the first among them.

    >>> evenly_spaced("abcdefghij", 3)
    ['a', 'd', 'g']
    """
    count = min(most, len(names))
    return [names[number * len(names) // count] for number in range(count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """One format's view of a folder.

    format      name of the format
    certainty   how sure this format is that the folder is its own
    evidence    one line for people: "via_region_data.json (VIA 2 annotations): 46 photos annotated"
    photos      photo files the format would read, relative to the root, sorted
    annotated   how many of them carry an annotation (a region, a mask file)
    shapes      name of a shape → how many ({"polygon": 210, "polyline": 14}); empty for formats of masks
    labels      label as the annotation says it (a name, or a mask's number) → how many regions carry it,
                or, for masks, how many of the masks looked at
    looked_at   masks whose pixels were read; None for formats of regions
    splits      official split → photos; empty when the data bring none
    bare        official split → those of them without annotation, where there are any
    ontology    to propose: a built-in name, or {class name: (red, green, blue)} in id order; None: one class per label
    label_map   to propose: {label: class name or "ignore"}; None: labels are class names already
    options     to propose as source.options: whatever the format's reader needs besides its defaults
    choices     option → what else it could be, for a comment beside it ({"class_attribute": ["kind", "name"]})
    findings    what was doubtful
    checks      what the user must decide or fill in, for the head of the pipeline file
    """

    format: str
    certainty: Certainty
    evidence: str
    photos: tuple[str, ...]
    annotated: int
    shapes: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str | int, int] = field(default_factory=dict)
    looked_at: int | None = None
    splits: Mapping[str, int] = field(default_factory=dict)
    bare: Mapping[str, int] = field(default_factory=dict)
    ontology: str | Mapping[str, tuple[int, int, int]] | None = None
    label_map: Mapping[str | int, str] | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    choices: Mapping[str, Sequence[object]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    checks: tuple[str, ...] = ()
