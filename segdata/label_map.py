"""From what an annotation says (a name or a number) to a class id, by lookup table.

A label map stands in the pipeline file: {"road": road, "Tree ": vegetation, 34: ignore}. It is complete by
contract: a value that it does not name is an error with its place, never a guess.

>>> from segdata.ontology import ontology_of_names
>>> two = LabelMap.of({0: "ignore", 1: "road", 7: "car"}, ontology_of_names("two", ["road", "car"]))
>>> two.remap(np.array([[0, 1], [7, 1]], np.uint8), where="a.png").tolist()
[[255, 0], [1, 0]]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segdata.errors import ConfigError, UnmappedLabelError, nearest
from segdata.ontology import IGNORE, IGNORE_INDEX, Ontology
from segdata.sample import Mask
from segdata.wording import counted


@dataclass(frozen=True)
class LabelMap:
    """Class ids by source name and by source value (0 … 65,535)."""

    by_name: Mapping[str, int]
    by_value: Mapping[int, int]

    @classmethod
    def of(cls, entries: Mapping[str | int, str], ontology: Ontology) -> LabelMap:
        """Build from pipeline-file entries {source name or value: class name or "ignore"}.

        Raises ConfigError for a class that the ontology does not have.
        """
        names: dict[str, int] = {}
        values: dict[int, int] = {}
        for source, target in entries.items():
            if target != IGNORE and target not in ontology.names:
                raise ConfigError(
                    "source.label_map",
                    place=repr(source),
                    found=f"class {target!r}",
                    expected=nearest(target, [*ontology.names, IGNORE]),
                )
            class_id = ontology.id_of(target)
            if isinstance(source, int):
                if not 0 <= source <= 65535:
                    raise ConfigError(
                        "source.label_map", found=f"value {source}", expected="a mask value of 0 to 65535"
                    )
                values[source] = class_id
            else:
                names[source] = class_id
        return cls(names, values)

    @classmethod
    def identity(cls, ontology: Ontology) -> LabelMap:
        """Names map to themselves, ids to themselves, 255 to ignore."""
        values = {index: index for index in range(len(ontology))}
        values[IGNORE_INDEX] = IGNORE_INDEX
        return cls({name: index for index, name in enumerate(ontology.names)}, values)

    def id_of_name(self, name: str, *, where: str | Path, place: str = "") -> int:
        """Class id of a source name. Raises UnmappedLabelError with file, place and the nearest name."""
        if name not in self.by_name:
            expected = f"a label of source.label_map; {nearest(name, self.by_name)}"
            fix = "Add it to source.label_map in the pipeline file, or map it to 'ignore'."
            if self._is_given_as_number(name):
                expected = f"a name of source.label_map, which has {name} as a number"
                fix = f'Write it in quotes there: "{name}".'
            raise UnmappedLabelError(
                where,
                place=place,
                found=f"label {name!r}",
                expected=expected,
                fix=fix,
            )
        return self.by_name[name]

    def _is_given_as_number(self, name: str) -> bool:
        """Whether a label map of one's own (not the identity, which nobody wrote) has this name as a mask value."""
        if len(name) > 5 or not name.isdecimal() or int(name) not in self.by_value:
            return False
        identity = {class_id: class_id for class_id in self.by_name.values()} | {IGNORE_INDEX: IGNORE_INDEX}
        return dict(self.by_value) != identity

    def remap(
        self, values: NDArray[Any], *, where: str | Path, names: Mapping[int, str] | None = None
    ) -> Mask:
        """Map a whole mask by lookup table.

        values  unsigned integers (H, W). Returns uint8 (H, W) class ids, 255 = ignore.
        names   what the values are called in the annotation, for the message
        Raises UnmappedLabelError naming the value, how many pixels carry it and the first one's row and column.
        """
        assert np.issubdtype(values.dtype, np.unsignedinteger) and values.ndim == 2, (
            values.dtype,
            values.shape,
        )
        size = 256 if values.dtype == np.uint8 else max(256, int(values.max(initial=0)) + 1)
        table = np.zeros(size, np.uint8)
        known = np.zeros(size, bool)
        for value, class_id in self.by_value.items():
            if value < size:
                table[value] = class_id
                known[value] = True
        if not _looked_up(values, known.astype(np.uint8)).all():
            counts = np.bincount(values.ravel(), minlength=size)
            unknown = np.flatnonzero((counts > 0) & ~known)
            value = int(unknown[0])
            row, column = np.argwhere(values == value)[0]
            label = f"label {names[value]!r}, " if names and value in names else ""
            raise UnmappedLabelError(
                where,
                place=f"row {row}, column {column}",
                found=f"{label}value {value} ({counted(int(counts[value]), 'pixel')}; unmapped values: {unknown[:8].tolist()})",
                expected=f"a value of source.label_map ({', '.join(str(v) for v in sorted(self.by_value))})",
                fix="Add it to source.label_map in the pipeline file, or map it to 'ignore'.",
            )
        return _looked_up(values, table)


def _looked_up(values: NDArray[Any], table: NDArray[np.uint8]) -> Mask:
    """table[values]; cv2 does it ten times faster for bytes."""
    import cv2  # here, because pipeline files are read in a blink

    looked_up = cv2.LUT(values, table) if values.dtype == np.uint8 else table[values]
    return np.asarray(looked_up, np.uint8)
