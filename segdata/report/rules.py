"""The rules by which the page answers in plain words: thresholds, and the same said to people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["good", "look", "bad"]

MOST_SET_ASIDE = 0.05
RARE_SHARE = 0.005
FEW_PHOTOS = 5
FEW_SCORED = 30
MOST_UNLABELLED = 0.5
WIDE = 0.10
FOUND = 0.5
MOST_CONFUSED = 0.10
OVERFIT = 1.15
STILL_RISING = 0.01
FAR_BELOW = 0.15
"""The thresholds of the rules below, as RULES says them."""

MOST_TOLD = 5
"""Weak classes, and confusions, that are told one by one."""

RULES = (
    f"Data. Mend first: a photo file in two splits; a class without a training photo; more than {MOST_SET_ASIDE:.0%} of "
    "the photos set aside. Look: anything set aside, a warning of the check, look-alikes in two splits, a class below "
    f"{RARE_SHARE:.1%} of the labelled training pixels or in fewer than {FEW_PHOTOS} training photos, a class that the "
    f"scored split does not show, fewer than {FEW_SCORED} scored photos, more than {MOST_UNLABELLED:.0%} of the training "
    "pixels not labelled.",
    "Model. Mend first: not above the better baseline; trained on other shards than it was scored on; fewer than half of the "
    f"classes reach an IoU of {FOUND}. Look: the 95 % interval reaches down to the baseline, or is wider than {WIDE:.2f}; a class "
    f"below an IoU of {FOUND}; a published figure missed by more than its tolerance; validation loss at the end more than "
    f"{OVERFIT:g} times its lowest (it learned the photos by heart); mean IoU on val that rose by more than {STILL_RISING:g} in the "
    "last tenth of the epochs (it was still learning).",
    f"Where it fails: classes below an IoU of {FOUND}; confusions of {MOST_CONFUSED:.0%} of a class or more; photos whose pixel "
    f"accuracy is more than {FAR_BELOW:g} below the median.",
)


@dataclass(frozen=True)
class Statement:
    grade: Grade
    text: str
