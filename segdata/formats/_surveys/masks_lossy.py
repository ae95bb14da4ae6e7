"""A survey of photos beside masks that were saved as JPEG: recognised, so as to say why they are no masks any more.

images/a.jpg  masks/a.jpg      "12 masks in JPEG or WebP": 49 values around 0 and 255 in the first, and nothing to read
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from segdata.errors import DataError
from segdata.file_names import lying
from segdata.findings import Finding
from segdata.formats._surveys.common import nothing_readable
from segdata.formats._surveys.mask_files import read_pairs
from segdata.formats._surveys.mask_folders import find_pairs, options_of, shown
from segdata.lossy_mask import blurred_values, is_blurred_mask
from segdata.mask_file import read_lossy
from segdata.survey import Survey
from segdata.wording import counted

ACTION = (
    "not proposed: export them again as PNG, from the tool that drew them. Which values were drawn is lost along the "
    "borders, and saving these as PNG keeps the blur; WebP saved without loss has none"
)


def survey_lossy(root: Path, names: Sequence[str]) -> Survey | None:
    """Folders of photos and JPEG masks; None where no two folders go together.

    names  image files, relative to the root
    """
    pairs = find_pairs(root, names, is_blurred_mask, lossy=True)
    if not pairs:
        return None
    paired = read_pairs("masks", root, options_of(root, pairs), pairs[0].photos)
    first, values = _first(root, paired.masks)
    many = counted(len(paired.masks), "mask")
    message = f"{many} in a lossy format (JPEG or WebP), which blurs label values along borders: {first} holds {values}"
    findings = [Finding("lossy-mask", pairs[0].masks, "", message, ACTION, "error"), *paired.findings]
    return nothing_readable("masks", f"{shown(pairs)}: {many} in JPEG or WebP", paired.photos, findings)


def _first(root: Path, masks: Sequence[str]) -> tuple[str, str]:
    """The first of these masks that can be decoded, and what it holds."""
    for name in masks:
        try:
            return name, blurred_values(read_lossy(lying(root, name), name))
        except DataError:
            continue
    return "none of them", "anything that can be read"
