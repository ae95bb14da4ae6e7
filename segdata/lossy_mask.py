"""Masks saved as JPEG or WebP, which blur the label values along every border: what they hold, to say so.

>>> blurred_values(np.array([[0, 0, 0, 0], [3, 252, 255, 255]], np.uint8))
'4 values around 0 and 255'

None is read as a mask: which value a pixel had is lost wherever two labels meet, and 128 between 0 and 255 may be one
of a third label as well as of neither. A threshold would be a guess, and data never change silently.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from segdata.errors import DataError

LOSSY = ("JPEG", "MPO", "WEBP")
"""Kinds of file, as their content says whatever they are called."""
_LOSSY_TIFF = {"jpeg": "JPEG", "tiff_jpeg": "JPEG", "webp": "WebP"}
"""Pillow's name of a TIFF's compression → what it is; a TIFF's WebP is taken as lossy, as it does not say."""

NEARLY_GREY = 4
"""Red, green and blue of a grey mask differ by no more, after WebP."""
MOST_CENTRES = 6
APART = 32
"""Values or colours nearer to a commoner one than this, in every channel, may be that one blurred."""
LEAST_SHARE = 0.01
"""A value or colour in fewer of the pixels is no centre."""


def lossy_kind(file: PillowImage.Image) -> str | None:
    """In which lossy format an opened file is, by its content: "JPEG", "WebP", "TIFF with JPEG compression"; else None."""
    if file.format in LOSSY:
        return "WebP" if file.format == "WEBP" else "JPEG"
    inner = _LOSSY_TIFF.get(file.info.get("compression", "")) if file.format == "TIFF" else None
    return inner and f"TIFF with {inner} compression"


def is_lossless_webp(stored: bytes) -> bool:
    """Whether a WebP file keeps its pixels exactly: whether its picture is a chunk VP8L, beside VP8 with loss.

    https://developers.google.com/speed/webp/docs/riff_container
    """
    at = 12 if stored[:4] == b"RIFF" and stored[8:12] == b"WEBP" else len(stored)
    while at + 8 <= len(stored):
        chunk, size = stored[at : at + 4], int.from_bytes(stored[at + 4 : at + 8], "little")
        if chunk in (b"VP8 ", b"VP8L"):
            return chunk == b"VP8L"
        at += 8 + size + size % 2
    return False


def lossy_mask(name: str, kind: str, values: NDArray[Any], *, lossless: bool = False) -> DataError:
    """Why this mask is refused: its lossy_kind, and what its decoded pixels (H, W) or (H, W, C) hold.

    lossless  whether it is_lossless_webp: refused like any, but nothing of it is lost
    """
    if lossless:
        return DataError(
            name,
            found=f"a mask in WebP, though saved without loss: {blurred_values(values)}",
            expected="PNG, BMP or TIFF: most WebP files change the values along borders",
            fix="Save this file as PNG, which keeps its values.",
        )
    return DataError(
        name,
        found=f"a mask in a lossy format ({kind}): {blurred_values(values)}",
        expected="PNG, BMP or TIFF: JPEG and WebP change the values along borders",
        fix="Export the mask again as PNG, from the tool that drew it; this file saved as PNG keeps the blur.",
    )


def blurred_values(values: NDArray[Any]) -> str:
    """How many values, or colours, and around which.

    values  uint8 (H, W), or (H, W, C) of which the first three channels are red, green and blue
    """
    found, counts = _counted(values)
    grey = found.shape[1] == 1
    listed = [str(one[0]) if grey else f"({','.join(map(str, one))})" for one in _centres(found, counts)]
    what = "value" if grey else "colour"
    many = f"{len(found):,} {what}{'' if len(found) == 1 else 's'}"
    if grey and len(listed) == 1:
        return f"{many} from {found.min()} to {found.max()}"
    more = f" and {len(listed) - MOST_CENTRES} more" if len(listed) > MOST_CENTRES else ""
    head, last = listed[:MOST_CENTRES], ""
    if not more and len(head) > 1:
        head, last = head[:-1], f" and {head[-1]}"
    return f"{many} around {', '.join(head)}{last}{more}" if head else many


def is_blurred_mask(values: NDArray[Any]) -> bool:
    """Whether decoded pixels look like a mask that was blurred: flat areas of few values, where a photo has none.

    Of CamVid's masks saved as JPEG, 58 % of the pixels and more have one of these values, and 60 % that of their neighbour;
    of photos, in colour and in grey, at most 38 % and 30 %.
    """
    found, counts = _counted(values)
    most = 8 if found.shape[1] == 1 else 32
    in_few = np.sort(counts)[::-1][:most].sum() >= 0.5 * counts.sum()
    left, right = values[:, :-1], values[:, 1:]
    flat = left == right if values.ndim == 2 else (left == right).all(axis=2)
    return bool(in_few and flat.mean() >= 0.45) if flat.size else False


def _counted(values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The different values (N, 1), or colours (N, 3) where they are not nearly grey, and the pixels of each."""
    if values.ndim == 3:
        colors = values[..., :3]
        if np.ptp(colors, axis=2).max(initial=0) > NEARLY_GREY:
            codes = np.zeros(colors.shape[:2], np.uint32)
            for channel in range(3):
                codes <<= 8
                codes |= colors[..., channel]
            found, counts = np.unique(codes, return_counts=True)
            found = found.astype(np.int64)
            return np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1), counts
        values = values[..., 0]
    found, counts = np.unique(values, return_counts=True)
    return found.astype(np.int64)[:, None], counts


def _centres(found: NDArray[np.int64], counts: NDArray[np.int64]) -> list[list[int]]:
    """The common values or colours that are no blur of a commoner one, in order."""
    centres: list[list[int]] = []
    left = counts >= LEAST_SHARE * counts.sum()
    while left.any():
        best = int(np.argmax(np.where(left, counts, -1)))
        centres.append(found[best].tolist())
        left &= (np.abs(found - found[best]) >= APART).any(axis=1)
    return sorted(centres)
