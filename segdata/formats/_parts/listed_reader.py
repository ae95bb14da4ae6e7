"""Readers of annotation files once they know which photo each entry is about (`listed.py`): one sample at a time.

Subject IMG_1.jpg, entry of 14 outlines   →   Sample "IMG_1", the outlines painted in order in the frame they were drawn in
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from segdata.findings import Finding
from segdata.formats import Fingerprint, OpenSource
from segdata.formats._parts.doubts import nothing_drawn
from segdata.formats._parts.drawn import Drawn, frame_of, outside_findings, paint
from segdata.formats._parts.listed import Subject
from segdata.photo import Photo, Resize, turn_upright
from segdata.rasterize import blank_mask
from segdata.sample import Sample


class ListedReader:
    """What readers of annotation files have in common, once they know their subjects."""

    subjects: Mapping[str, Subject]

    def __init__(self, source: OpenSource) -> None:
        self._source = source
        self._found: list[Finding] = []

    @property
    def findings(self) -> Sequence[Finding]:
        return tuple(self._found)

    def ids(self) -> Sequence[str]:
        return tuple(self.subjects)

    def official_split(self, id: str) -> str | None:
        return self.subjects[id].split

    def fingerprint(self, id: str) -> Fingerprint:
        return self.subjects[id].fingerprint()


Draw = Callable[[tuple[int, int], list[Finding]], Sequence[Drawn]]


def read_sample(
    source: OpenSource,
    subject: Subject,
    id: str,
    resize: Resize | None,
    draw: Draw,
    said_hw: Sequence[Any] = (None, None),
) -> Sample:
    """The sample of a photo that lies in a folder.

    draw      the regions in painting order, from the size of the frame they were drawn in; adds to the findings
    said_hw   the size that its annotation gives (None where it gives none)
    """
    assert subject.path is not None
    photo = Photo.open(Path(subject.path), subject.name)
    findings = list(subject.findings)
    if subject.entry is None or subject.entry.is_bare:
        blank = photo.fitted(blank_mask(photo.upright_hw, source.unannotated_id), resize)
        return photo.sample(id, blank, resize, tuple(findings))
    frame_hw = frame_of(photo, source.exif, said_hw, subject.entry.where)
    drawn = draw(frame_hw, findings)
    findings += [] if drawn else [nothing_drawn(source, subject.name)]
    canvas_id = source.unlabelled_id if drawn else source.unannotated_id
    mask = paint(drawn, frame_hw, canvas_id, subject.name, findings)
    findings += outside_findings(drawn, frame_hw, subject.name)
    if source.exif == "as-stored":
        mask = turn_upright(mask, photo.orientation)
    mask = photo.fitted(mask, resize)
    return photo.sample(id, mask, resize, tuple(findings))
