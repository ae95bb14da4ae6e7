"""Every error segdata raises on purpose, drawn once.

    SegdataError                 anything the person at the keyboard can mend; the CLI prints it and exits with 2
    ├── ConfigError              a pipeline file, params.yaml or an option: file, key, found, nearest valid key
    ├── DataError                an annotation, photo, mask or raw folder: file, place, found, expected, what to do
    │   └── UnmappedLabelError   a value of the annotation that the label map does not name
    ├── ShardError               a shard set that is absent, damaged, or of another format version
    ├── TrainingError            training or evaluation cannot go on (labels outside the classes, NaN loss, no memory)
    └── MissingExtraError        a package of an optional extra is needed and not installed

Errors of other libraries are translated at the border where they arise and chained (`raise … from error`).
An AssertionError is a fault of segdata itself, never of the data.

>>> str(DataError("leaf_12.png", place="row 17, column 902", found="value 34", expected="an id of ontology voc-21"))
'leaf_12.png: row 17, column 902: found value 34; expected an id of ontology voc-21'
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

MOST_NAMES = 40
"""Of more valid names than these, an error tells the nearest few."""
_ALIKE = 0.5


class SegdataError(Exception):
    """Something the person who made the file, or typed the command, can mend.

    The message reads: file: place: found …; expected …. What to do.
    """

    def __init__(
        self,
        where: str | Path,
        *,
        place: str = "",
        found: str = "",
        expected: str = "",
        fix: str = "",
    ) -> None:
        self.where = str(where)
        self.place = place
        self.found = found
        self.expected = expected
        self.fix = fix
        super().__init__(self._sentence())

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the trip between worker processes (BaseException only keeps positional arguments)."""
        return _rebuild, (type(self), self.where, self.place, self.found, self.expected, self.fix)

    def _sentence(self) -> str:
        return ": ".join(part for part in (self.where, self.place, self.said) if part)

    @property
    def said(self) -> str:
        """What was found, what was expected and what to do, without the place."""
        facts = []
        if self.found:
            facts.append(f"found {self.found}")
        if self.expected:
            says_itself = self.expected.startswith(("did you mean", "Valid:", "Nothing is valid"))
            facts.append(self.expected if says_itself else f"expected {self.expected}")
        return ". ".join(part for part in ("; ".join(facts), self.fix) if part)


def _rebuild(
    kind: type[SegdataError], where: str, place: str, found: str, expected: str, fix: str
) -> SegdataError:
    return kind(where, place=place, found=found, expected=expected, fix=fix)


class ConfigError(SegdataError):
    """A wrong key or value in a pipeline file, in params.yaml, or in a command's options."""


class DataError(SegdataError):
    """An annotation, photo, mask or raw folder that cannot be read as what it claims to be."""


class UnmappedLabelError(DataError):
    """An annotation carries a label value or name that the pipeline's label map does not name."""


class ShardError(SegdataError):
    """A shard set that is absent, damaged, unfinished, or written by another format version."""


class TrainingError(SegdataError):
    """Training or evaluation cannot go on."""


class MissingExtraError(SegdataError):
    """A package that belongs to an optional extra is needed here and is not installed."""

    @classmethod
    def of(cls, package: str, extra: str, purpose: str) -> MissingExtraError:
        return cls(
            purpose,
            found=f"no package {package!r}",
            expected=f"the extra {extra!r}",
            fix=f"Install it: pip install 'segdata[{extra}]'.",
        )


def nearest(name: str, valid: Iterable[str], listed: str = "") -> str:
    """The end of a sentence about a misspelt name: the nearest valid one, and all of them where they are not too many.

    listed  where people find the whole list

    >>> nearest("traning", ["train", "shards"])
    "did you mean 'train'? Valid: shards, train"
    >>> nearest("resnet-18", [*(f"vgg{depth}" for depth in range(100)), "resnet18", "ResNet-18-D"], "the docs")
    "did you mean 'resnet18' or 'ResNet-18-D'? Valid: 102 names, listed at the docs"
    """
    names = sorted(valid)
    if len(names) > MOST_NAMES:
        few = _few(name, names)
        listing = f"{len(names):,} names{f', listed at {listed}' if listed else ''}"
        if not few:
            return f"Valid: one of {listing}"
        *others, last = map(repr, few)
        return (
            f"did you mean {' or '.join([*([', '.join(others)] if others else []), last])}? Valid: {listing}"
        )
    close = difflib.get_close_matches(name, names, n=1, cutoff=_ALIKE)
    listing = f"Valid: {', '.join(names)}" if names else "Nothing is valid here"
    return f"did you mean {close[0]!r}? {listing}" if close else listing


def _few(name: str, names: list[str]) -> list[str]:
    """At most three names that hold `name` or look like it, whatever the case; the most alike first."""
    folded = name.casefold()
    alike = difflib.SequenceMatcher(b=folded)

    near = []
    for one in names:
        other = one.casefold()
        alike.set_seq1(other)
        holds = bool(folded) and folded in other
        # The quick ones are no less than the ratio, and there may be thousands of names.
        if holds or min(alike.real_quick_ratio(), alike.quick_ratio()) >= _ALIKE:
            ratio = alike.ratio()
            if holds or ratio >= _ALIKE:
                near.append((-ratio, one))
    return [one for _, one in sorted(near)[:3]]
