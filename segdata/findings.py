"""What was doubtful about the data, and what was done about it: nothing is dropped, clipped or guessed silently.

A reader attaches findings to the sample (or to the source) that it read; conversion keeps them beside the
shards, so that the check report lists every one with file and place, also for samples that were not read again.

>>> Finding("points-clipped", "photos/IMG_7.jpg", "region 2", "3 of 14 points lie outside the photo", "clipped").severity
'note'
"""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["note", "warning", "error"]


class Finding(msgspec.Struct, frozen=True, kw_only=False):
    """One doubtful thing.

    code      kebab-case name of the kind of trap, the same in every format ("points-clipped", "no-photo", …)
    file      path relative to the source's root
    place     where inside the file: "region 3", "row 17, column 902", or ""
    message   what was found, with numbers
    action    what was done: "clipped", "ignored", "set aside", …
    severity  note: told for completeness · warning: may harm the result · error: the sample is not in the shards
    """

    code: str
    file: str
    place: str
    message: str
    action: str
    severity: Severity = "note"

    def line(self) -> str:
        place = f" ({self.place})" if self.place else ""
        return f"{self.severity}: {self.file}{place}: {self.message} [{self.code}: {self.action}]"
