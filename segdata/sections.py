"""The words that sections of a pipeline file share: ranges of numbers, the names of the splits, and strictness.

Every section is a Section: frozen, and with no key that it does not know.
"""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import msgspec

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
Count = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[float, msgspec.Meta(gt=0, le=sys.float_info.max)]  # finite
NotNegative = Annotated[float, msgspec.Meta(ge=0, le=sys.float_info.max)]
Seed = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
Criterion = Literal["mean_iou", "pixel_accuracy", "loss", "dice", "onehot_accuracy", "index_dice"]
"""A figure of the val split that tells which of two epochs, or of two runs, is the better."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping of a pipeline file."""
