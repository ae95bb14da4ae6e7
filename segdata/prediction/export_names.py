"""What predicted photos are called in another tool's files, known before the first one is predicted.

    roll-2/IMG_7.jpg                                            IMG_7 in "roll-2", no split
    to cityscapes, val/aachen/aachen_000000_000019_leftImg8bit.png    aachen_000000_000019, split val

Most formats take a photo's id as it is. Cityscapes' folders are split and city, so there the id is the file's own name, and
the split is that of a folder called train, val or test, or else test: nobody annotated these photos.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePath

import numpy as np

from segdata.errors import ConfigError
from segdata.export import ExportItem, open_target
from segdata.export.items import Names
from segdata.export.via_project import Dialect
from segdata.ontology import Ontology
from segdata.prediction.photos import Given
from segdata.sections import SPLITS, Split

CITYSCAPES_ENDING = "_leftImg8bit"

Named = tuple[str, Split | None]
"""The id that is exported, and its split."""


def export_names(
    given: Iterable[Given], to: str, out: Path, ontology: Ontology, drafts: Dialect | None = None
) -> dict[str, Named]:
    """The id of each photo to what it is exported as. Writes nothing.

    Raises ConfigError for classes that the format does not know, and for photos that would become files of one name.
    """
    target, names = open_target(to, out, ontology, drafts), Names(to)
    no_mask = np.empty((0, 0), np.uint8)
    named: dict[str, Named] = {}
    first: dict[str, Given] = {}
    for one in given:
        id, split = named[one.id] = _in_cityscapes(one) if to == "cityscapes" else (one.id, None)
        other = first.setdefault(id.casefold(), one)
        if other is not one:
            raise ConfigError(
                f"export to {to}",
                found=f"{other.name} and {one.name}, which are both the id {id!r} there",
                expected="file names that differ, as folders are no part of an id there: "
                f"<city>_<sequence>_<frame>{CITYSCAPES_ENDING}.png, such as aachen_000000_000019{CITYSCAPES_ENDING}.png, "
                "where you like below a folder called train, val or test",
                fix="Rename one of them, or give --to masks, voc, coco or via, which keep folders apart.",
            )
        names.take(target.name(ExportItem(id, split, no_mask, one.path)), id)
    return named


def _in_cityscapes(given: Given) -> Named:
    parts = PurePath(given.name).parts[:-1]
    split: Split = next((split for part in reversed(parts) for split in SPLITS if part == split), "test")
    name = PurePath(given.id).name
    return name.removesuffix(CITYSCAPES_ENDING) or name, split
