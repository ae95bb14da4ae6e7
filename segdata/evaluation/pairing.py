"""Which predicted mask belongs to which truth: by name, never by order.

truth berlin/a_01                     predictions  berlin/a_01.png · berlin__a_01.png (as segdata writes it) · a_01.png
truth aachen_000000_000019 of Cityscapes           aachen_000000_000019_leftImg8bit.png · …_gtFine_labelIds.png · …

The last part of a name will do where no other truth has it, and folders, if both have some, are the same. Two predictions for one truth are an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segdata.errors import DataError
from segdata.evaluation.tables import prediction_path
from segdata.findings import Finding
from segdata.formats._parts.photo_files import is_photo, list_files, without_extension

_CITYSCAPES = re.compile(r"(.+_\d{6}_\d{6})(?:_.*)?")


@dataclass(frozen=True)
class Pairs:
    """files: id → prediction, by id; missing: ids without one; extra: predictions without a truth; all sorted."""

    files: Mapping[str, tuple[Path, str]]
    missing: Sequence[str]
    extra: Sequence[str]
    findings: Sequence[Finding]


def pair(ids: Sequence[str], folder: Path) -> Pairs:
    """The masks below a folder by the truths that they are for.

    Raises DataError when there is no mask, when none fits any truth, or when two are for one truth.
    """
    found: list[Finding] = []
    files = {
        name: (path, str(folder / name))
        for name, path in list_files(folder, folder, found).items()
        if is_photo(name)
    }
    if not files:
        raise DataError(str(folder), found="no mask", expected="predicted masks, named like the truths")
    owners = _owners(ids)
    pairs: dict[str, tuple[Path, str]] = {}
    extra = []
    for name, file in files.items():
        id = _owner(without_extension(name), owners)
        if id is None:
            extra.append(file[1])
        elif id in pairs:
            raise DataError(
                f"{pairs[id][1]} and {file[1]}",
                found=f"two predictions for {id}",
                expected="one",
                fix="Remove one, or put them into different folders.",
            )
        else:
            pairs[id] = file
    if not pairs:
        raise DataError(
            str(folder),
            found=f"no prediction for any truth ({extra[0]}, …)",
            expected=f"files named like the truths ({ids[0]}.png, …)",
            fix="Rename them, or say the split they are of.",
        )
    missing = [id for id in ids if id not in pairs]
    return Pairs({id: pairs[id] for id in sorted(pairs)}, missing, extra, found)


def _owners(ids: Sequence[str]) -> dict[str, str]:
    """Every name that stands for one id alone: whole names first, then those that are shorter."""
    owners = {id: id for id in ids}
    for form in (lambda id: prediction_path(Path(), id).stem, _last, _frame):
        shorter: dict[str, list[str]] = {}
        for id in ids:
            shorter.setdefault(form(id), []).append(id)
        for key, of in shorter.items():
            if len(of) == 1:
                owners.setdefault(key, of[0])
    return owners


def _owner(name: str, owners: Mapping[str, str]) -> str | None:
    """The truth of a prediction; of names in folders on both sides, one must end as the other."""
    for key in (name, _last(name), _frame(name)):
        id = owners.get(key)
        if id is not None and (key == name or _same_folder(name, id)):
            return id
    return None


def _same_folder(name: str, id: str) -> bool:
    one, other = (f"/{text.rpartition('/')[0]}" if "/" in text else "" for text in (name, id))
    return one.endswith(other) or other.endswith(one)


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _frame(name: str) -> str:
    """City, sequence and frame of a Cityscapes name, as its evaluator pairs them; any other name's last part."""
    match = _CITYSCAPES.fullmatch(_last(name))
    return match.group(1) if match else _last(name)
