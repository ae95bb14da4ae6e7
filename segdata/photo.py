"""Photos: decode strictly, resize by one stated rule, turn upright once.

Pillow reads headers and every unusual file; plain JPEGs and PNGs are decoded faster, to the same pixels (`jpeg.py`,
`png.py`). `Photo` applies the EXIF orientation, so that every Sample is upright. Resizing: photos area-averaged (or
bilinear, nearest), masks nearest by pixel centres. A JPEG of 4 megapixels and
more is decoded at 1/2, 1/4 or 1/8 where its average stays within 48 dB (PSNR) of a full decode's (`jpeg.py`).

>>> Photo.open(Path("IMG_0006.jpg"), "IMG_0006.jpg").upright_hw     # stored 480x640 with orientation 6
(640, 480)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from segdata.errors import DataError
from segdata.exif import orientation_of, xmp_orientation_of
from segdata.findings import Finding
from segdata.image_file import BROKEN, Stored, bytes_of, open_image, turned_by_pillow, whole
from segdata.image_file import MAX_PIXELS as MAX_PIXELS
from segdata.jpeg import decode_jpeg, reduced_scale, sharpened
from segdata.mask_file import read_mask_values as read_mask_values
from segdata.mask_file import read_palette as read_palette
from segdata.png import decode_png, may_hold_exif
from segdata.resample import Resize as Resize
from segdata.resample import nearest_pixels as nearest_pixels
from segdata.resample import resize_image as resize_image
from segdata.resample import resize_mask as resize_mask
from segdata.resample import turn_back as turn_back
from segdata.resample import turn_upright as turn_upright
from segdata.sample import Image, Mask, Sample
from segdata.wording import size_text


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo's header: the file or its bytes, its stored size, and how it must be turned to stand upright.

    plain   "JPEG" or "PNG" for RGB files of these kinds, which are decoded without Pillow where they are sound
    """

    stored: Stored = field(repr=False)
    name: str
    stored_hw: tuple[int, int]
    orientation: int
    findings: tuple[Finding, ...]
    plain: str = ""

    @classmethod
    def open(cls, stored: Stored, name: str) -> Photo:
        """Read the header only. `name` is the path to show in messages, relative to the source's root.

        Raises DataError when the file is absent, no photo, or larger than MAX_PIXELS.
        """
        with open_image(stored, name) as file:
            width, height = file.size
            mode, kind = file.mode, {"MPO": "JPEG"}.get(file.format or "", file.format or "")
            named = xmp = None
            try:
                if kind != "PNG" or may_hold_exif(stored):  # Pillow decodes all of a PNG to find it has none
                    named, xmp = orientation_of(file), xmp_orientation_of(file)
            except BROKEN:
                named = 0  # told below; damaged pixels raise in read()
            if kind == "TIFF" and named in range(5, 9):
                width, height = height, width  # Pillow tells the size after its own turn
        findings = []
        orientation = 1 if named is None else named
        if named is None and xmp in range(2, 9):
            message = f"orientation {xmp} in XMP, none in EXIF: browsers and labelling tools go by EXIF alone"
            findings.append(Finding("xmp-orientation", name, "", message, "not turned", "warning"))
        if orientation not in range(1, 9):
            message = f"EXIF orientation {orientation} is none of 1 to 8"
            findings.append(Finding("exif-orientation", name, "", message, "taken as 1", "warning"))
            orientation = 1
        if mode not in ("RGB", "L", "1", "P", "YCbCr"):
            message = f"photo of mode {mode}"
            findings.append(Finding("photo-mode", name, "", message, "converted to 8-bit RGB"))
        plain = kind if mode == "RGB" and kind in ("JPEG", "PNG") else ""
        return cls(stored, name, (height, width), orientation, tuple(findings), plain)

    @property
    def upright_hw(self) -> tuple[int, int]:
        return self._turned(self.stored_hw)

    def _turned(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """A size as stored for one as shown, or the other way round."""
        return size_hw[::-1] if self.orientation >= 5 else size_hw

    def read(self, resize: Resize | None = None) -> Image:
        """Decode, resize, turn upright. Returns uint8 (H, W, 3) RGB.

        Raises DataError for a damaged file, or one of real numbers or of whole numbers beyond 16 bits.
        """
        as_stored = resize and replace(resize, size_hw=self._turned(resize.size_hw))
        pixels = self._decode(as_stored)
        if as_stored is not None:
            pixels = resize_image(pixels, as_stored)
        return np.ascontiguousarray(turn_upright(pixels, self.orientation))

    def _decode(self, resize: Resize | None) -> NDArray[np.uint8]:
        """Pixels as stored; a JPEG no larger than `resize`, which goes by the photo as stored, needs."""
        pixels = None
        if self.plain == "JPEG":
            is_reducible = resize is not None and resize.photo == "area" and not resize.exact
            scale = reduced_scale(self.stored_hw, resize.size_hw) if resize and is_reducible else 1
            pixels = decode_jpeg(bytes_of(self.stored), self.stored_hw, scale)
            if pixels is not None and scale > 1:
                return sharpened(pixels)
        elif self.plain == "PNG":
            pixels = decode_png(bytes_of(self.stored), self.stored_hw)
        return self._by_pillow() if pixels is None else pixels

    def _by_pillow(self) -> NDArray[np.uint8]:
        with open_image(self.stored, self.name) as file, whole(self.name, "photo"):
            turned = turned_by_pillow(file)
            return turn_back(np.asarray(_to_rgb(file, self.name)), turned)

    def fitted(self, mask: Mask, resize: Resize | None) -> Mask:
        """A full-size upright mask of this photo as its Sample holds it. Raises DataError when sizes differ.

        Let go of the full one before `sample` reads the photo: at 12 megapixels it takes more room than all else.
        """
        if mask.shape != self.upright_hw:
            raise DataError(
                self.name,
                found=f"a mask of {size_text((mask.shape[0], mask.shape[1]))}",
                expected=f"the photo's upright size, {size_text(self.upright_hw)}",
                fix="Export photo and mask at one size; if the mask is turned, set source.exif in the pipeline file.",
            )
        return np.ascontiguousarray(resize_mask(mask, resize.size_hw) if resize else mask)

    def sample(
        self, id: str, fitted: Mask, resize: Resize | None, findings: tuple[Finding, ...] = ()
    ) -> Sample:
        """The Sample of this photo with a mask that was `fitted`."""
        return Sample(
            id,
            self.read(resize),
            fitted,
            self.upright_hw,
            self.findings + findings,
            self.stored if isinstance(self.stored, Path) else None,
            self.orientation,
        )


def _to_rgb(file: PillowImage.Image, name: str) -> PillowImage.Image:
    if file.mode == "RGB":
        return file
    if not file.mode.startswith(("I", "F")):
        return file.convert("RGB")
    values = np.asarray(file)
    smallest, largest = values.min(), values.max()
    if file.mode == "F" or smallest < 0 or largest > 65535:
        raise DataError(
            name,
            found=f"grey values of {smallest} to {largest} (Pillow's mode {file.mode})",
            expected="whole numbers of 0 to 65535 (8- or 16-bit grey) or RGB",
            fix="Save the photo with 8 or 16 bits per channel.",
        )
    # keep the high byte of 16: Pillow's convert would clip
    return PillowImage.fromarray((values.astype(np.uint32) >> 8).astype(np.uint8)).convert("RGB")
