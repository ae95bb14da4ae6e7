"""JPEGs decoded straight into an array, and no larger than the target needs.

Pillow hands pixels over through copies and keeps its own; simplejpeg (libjpeg-turbo) writes them once, the same
bytes, and at 1/2, 1/4 or 1/8 of the size where that is enough. A reduced pixel is an average already; averaging it
again over a window that cuts it in two blurs a little more than one average of the full photo would, so a reduced
photo is sharpened by the mean of that blur (`_SHARPEN`) before it is resized.

>>> reduced_scale((3000, 4000), (224, 224)), reduced_scale((3000, 4000), (704, 1056)), reduced_scale((480, 640), (96, 128))
(4, 2, 1)
"""

from __future__ import annotations

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from segdata import blocks

_LEAST = {8: 5.5, 4: 3.8, 2: 2.0}
"""1/scale of a decode → how many times larger than the target it must be (geometric mean over height and width).

Measured as PSNR against a full decode and area average: photos of 12 megapixels, drawn with texture and grain, 49 dB and
more. `benchmarks/conversion.py` measures it again.
"""

_SHARP = 8_000_000
_STRICTER = 1.15
"""Photos of fewer pixels than that are sharper, pixel for pixel, and must be so many times larger still. The sharpest real ones
at hand (facades, 2048x2464, every pixel a detail) then have 50 dB in the median and 48.5 at worst where a ratio is just large
enough; without, 45.8 at worst."""

_SMALL = 4_000_000
"""Photos of fewer pixels are decoded in full: most were made smaller before. Reduced once more, photos of PASCAL VOC (375x500) had
40 dB."""

_ROUND = 0.85
"""Neither side alone may be smaller than this share of what is asked for."""

_SHARPEN = np.array([-1, 18, -1], np.float32) / 16
"""Along rows and columns. A window edge that cuts a pixel in θ and 1-θ smears θ(1-θ)/2 of its curvature, 1/12 in the
mean; a reduced decode is slightly sharper than an average, which leaves 1/16. Sixteenths keep the sums exact."""

_STRIP = 1 << 19
"""Bytes sharpened at a time: cv2 copies what it changes in place, and a photo twice would be the most that a worker holds."""


def reduced_scale(stored_hw: tuple[int, int], target_hw: tuple[int, int]) -> int:
    """The largest s of 8, 4, 2, 1 such that a decode at 1/s still averages to the photo that a full decode would.

    Only an s that divides both sides: libjpeg rounds the size up, and a stretched photo would leave its mask.
    """
    pixels = stored_hw[0] * stored_hw[1]
    if pixels < _SMALL:
        return 1
    for scale, least in _LEAST.items():
        least *= _STRICTER if pixels < _SHARP else 1
        high, wide = (stored / scale / target for stored, target in zip(stored_hw, target_hw, strict=True))
        divides = stored_hw[0] % scale == 0 and stored_hw[1] % scale == 0
        if divides and high * wide >= least**2 and min(high, wide) >= _ROUND * least:
            return scale
    return 1


def decode_jpeg(data: bytes, stored_hw: tuple[int, int], scale: int) -> NDArray[np.uint8] | None:
    """uint8 (H / scale, W / scale, 3) RGB, as stored: not turned, not sharpened.

    data  a JPEG of three colour channels. Returns None for one that is damaged, or that libjpeg-turbo only reads with
    a warning: whether that is a photo is for Pillow to say.
    """
    height, width = stored_hw[0] // scale, stored_hw[1] // scale
    into = blocks.empty((height, width, 3))
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data, "RGB", min_height=height, min_width=width, buffer=into
        )
    except ValueError:
        return None
    return pixels if pixels.shape == (height, width, 3) else None


def sharpened(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A reduced decode made ready for area averaging, in place."""
    height, some = len(pixels), max(_STRIP // pixels[0].size, 2)
    last = pixels[:1]  # of the strip before: its last row, which the next one needs as it was
    for top in range(0, height, some):
        above = min(top, 1)
        around = pixels[top - above : top + some + 1]
        filtered = cv2.sepFilter2D(around, -1, _SHARPEN, _SHARPEN, borderType=cv2.BORDER_REPLICATE)
        strip = np.asarray(filtered[above : above + some], np.uint8)
        pixels[top - above : top] = last[:above]
        pixels[top : top + len(strip) - 1], last = strip[:-1], strip[-1:]
    pixels[-1:] = last
    return pixels
