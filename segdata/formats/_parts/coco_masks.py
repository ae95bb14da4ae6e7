"""COCO segmentations to patches of pixels, as pycocotools decodes them.

{"size": [480, 640], "counts": [6021, 14, 466, 15, …]}   runs of 0 and 1 in turn, column by column, from the top left
{"size": [480, 640], "counts": "YbU`07e>2N2N1O2O…"}      the same runs, compressed
[[510.66, 423.01, 511.72, 420.03, …], [x, y, …]]         polygons; the object is all of them together

pycocotools writes beyond its memory where runs exceed the size (2.0.11: 95 ones in a mask of 16 pixels), takes a
polygon of two points for a box, and walks outlines in fifths of a pixel however far they lead: all are caught here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray
from pycocotools import _mask as pycoco

from segdata.errors import DataError
from segdata.findings import Finding
from segdata.formats._parts.doubts import outline_doubts
from segdata.formats._parts.drawn import Bits, Patch
from segdata.rasterize import count_outside
from segdata.wording import counted, size_text

Runs = NDArray[np.int64]

MOST_OUTLINE = 4_000_000
"""Pixels around one object at most; pycocotools takes 80 bytes for each."""
MOST_OUTLINES = 10 * MOST_OUTLINE
"""Pixels around all objects of a photo at most: seconds of drawing."""
FARTHEST = 10_000_000
"""Coordinates at most; pycocotools counts fifths of a pixel in 32 bits."""


FIFTHS = 5
"""pycocotools walks outlines in fifths of a pixel."""
THIN = "painted as pycocotools does, no more than a pixel wide"


class Rle(msgspec.Struct):
    """Run lengths; size is (height, width)."""

    size: tuple[int, int]
    counts: str | list[int]


def rle_runs(rle: Rle, frame_hw: tuple[int, int], where: str, place: str) -> Runs:
    """The run lengths, int64, which fill the frame exactly. Raises DataError for any that do not."""
    if rle.size != frame_hw:
        raise DataError(
            where,
            place=place,
            found=f"run lengths for {size_text((rle.size[0], rle.size[1]))}",
            expected=f"the photo's size, {size_text(frame_hw)}",
            fix="Put the photo that was annotated in place, or export the annotations again.",
        )
    pixels = frame_hw[0] * frame_hw[1]
    try:
        runs = decompress(rle.counts) if isinstance(rle.counts, str) else np.array(rle.counts, np.int64)
    except (ValueError, OverflowError) as error:
        raise DataError(
            where,
            place=place,
            found=f"damaged run lengths ({error})",
            expected="COCO's compressed RLE",
            fix="Export the annotations again.",
        ) from error
    smallest = int(runs.min(initial=0))
    if smallest < 0 or runs.max(initial=0) > pixels or int(runs.sum()) != pixels:
        found = f"one of {smallest}" if smallest < 0 else f"they add up to {sum(runs.tolist())}"
        raise DataError(
            where,
            place=place,
            found=f"damaged run lengths ({found})",
            expected=f"runs of 0 and more that add up to the photo's {pixels} pixels",
            fix="Export the annotations again.",
        )
    return runs


def decompress(text: str) -> Runs:
    """Run lengths from COCO's text: 5 bits a character, the lowest first; bit 5 says that more follow, bit 4 of the
    last is the sign, and from the fourth run on each is less the one before the last.

    Source: pycocotools/common/maskApi.c, rleFrString. Raises ValueError for a text that says nothing.
    """
    codes = np.frombuffer(text.encode("latin-1", "replace"), np.uint8).astype(np.int64) - 48
    if codes.size == 0:
        return np.zeros(0, np.int64)
    if codes.min() < 0 or codes.max() > 63:
        raise ValueError("a character that stands for nothing")
    if codes[-1] & 32:
        raise ValueError("the text breaks off")
    ends = np.flatnonzero((codes & 32) == 0)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > 7:
        raise ValueError("a number of more than 35 bits")
    digit = np.arange(codes.size) - np.repeat(starts, lengths)
    numbers = np.add.reduceat((codes & 31) << (5 * digit), starts)
    numbers -= np.where(codes[ends] & 16, np.int64(1) << (5 * lengths), 0)
    for parity in (1, 2):
        numbers[parity::2] = np.cumsum(numbers[parity::2])
    return numbers


def outline_length(parts: Sequence[Sequence[float]], where: str, place: str) -> float:
    """Pixels around polygons [x, y, x, y, …]. Raises DataError for ones that pycocotools could not draw."""
    around = 0.0
    for part in parts:
        points = np.array(part, np.float64).reshape(-1, 2)
        farthest = np.abs(points).max(initial=0)
        if farthest <= FARTHEST:
            around += float(np.abs(np.diff(points, axis=0, append=points[:1])).max(axis=1).sum())
        if farthest > FARTHEST or around > MOST_OUTLINE:
            raise DataError(
                where,
                place=place,
                found=f"a polygon of {around:.3g} pixels around, coordinates up to {farthest:.3g}",
                expected=f"at most {MOST_OUTLINE:,} around and coordinates within {FARTHEST:,}",
                fix="Draw it again inside the photo.",
            )
    return around


def polygon_runs(parts: Sequence[Sequence[float]], frame_hw: tuple[int, int]) -> Runs:
    """The runs of polygons [x, y, x, y, …] together, as pycocotools draws them; they have passed outline_length."""
    rles = [rle for part in parts for rle in pycoco.frPoly([list(map(float, part))], *frame_hw)]
    merged = pycoco.merge(rles) if len(rles) > 1 else rles[0]
    return decompress(merged["counts"].decode("ascii"))


def sound_polygons(
    given: Sequence[Sequence[float]], frame_hw: tuple[int, int], name: str, where: str, place: str
) -> tuple[list[Sequence[float]], list[Finding]]:
    """The polygons of one annotation of photo `name` that may enclose an area; findings tell of the others, of those
    that cross themselves, and of points outside the photo. Raises DataError for an odd number of coordinates.
    """
    findings: list[Finding] = []
    parts = []
    outside = 0
    for part in given:
        if len(part) % 2:
            raise DataError(
                where,
                place=place,
                found=f"{counted(len(part), 'number')} in a polygon",
                expected="x and y in turn",
                fix="Draw it again, or export the annotations again.",
            )
        if len(part) >= 6:
            outline = np.array(part, np.float64).reshape(-1, 2)
            outside += count_outside(outline, frame_hw)
            if np.abs(outline).max() <= FARTHEST:  # farther ones are refused
                findings += outline_doubts(outline, frame_hw, name, place, without_area=THIN, steps=FIFTHS)
            parts.append(part)
        elif part:
            message = f"{counted(len(part) // 2, 'point')}: too few for an area"
            findings.append(Finding("too-few-points", name, place, message, "ignored", "warning"))
    if outside:
        height, width = frame_hw
        points = sum(map(len, parts)) // 2
        message = f"{outside} of {counted(points, 'point')} outside the photo of {size_text((height, width))}"
        findings.append(Finding("points-clipped", name, place, message, "clipped"))
    return parts, findings


def patch_of(runs: Runs, height: int, place: str, class_id: int) -> Patch:
    """The columns of a frame of this height that the runs touch, as a patch."""
    ends = np.cumsum(runs)
    ones = np.flatnonzero(runs[1::2] > 0)
    left = int(ends[2 * ones[0]]) // height if ones.size else 0
    right = -(-int(ends[2 * ones[-1] + 1]) // height) if ones.size else 0
    bits = partial(_columns, runs, height, left, right)
    return Patch(place, class_id, 0, left, (height, right - left), bits)


def _columns(runs: Runs, height: int, left: int, right: int) -> Bits:
    bounds = np.clip(np.concatenate([[0], np.cumsum(runs)]), left * height, right * height)
    columns = np.repeat(np.arange(len(runs)) % 2 == 1, np.diff(bounds)).reshape(right - left, height)
    return columns.T
