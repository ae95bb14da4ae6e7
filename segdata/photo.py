"""Photo and mask files: decode strictly, turn upright once, resize by one stated rule.

Pillow decodes (it raises on truncated files, where OpenCV returns a grey remainder) and does not apply the EXIF
orientation, but for TIFF, where that is undone; `Photo` does, so that every Sample is upright. Masks keep their
stored numbers: palette indices, never colours. Resizing: photos area-averaged (or bilinear, nearest), masks nearest
by pixel centres. A large JPEG is decoded at 1/2, 1/4 or 1/8 where its average stays within 48 dB (PSNR) of a full
decode's (`jpeg.py`).

>>> Photo.open(Path("IMG_0006.jpg"), "IMG_0006.jpg").upright_hw     # stored 480x640 with orientation 6
(640, 480)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from segdata.errors import DataError
from segdata.exif import orientation_of, xmp_orientation_of
from segdata.findings import Finding
from segdata.image_file import MAX_PIXELS as MAX_PIXELS
from segdata.image_file import Stored, bytes_of, open_image, stream_of, turned_by_pillow
from segdata.jpeg import decode_jpeg, reduced_scale, sharpened
from segdata.mask_file import read_mask_values as read_mask_values
from segdata.mask_file import read_palette as read_palette
from segdata.png import decode_png
from segdata.resample import Resize as Resize
from segdata.resample import nearest_pixels as nearest_pixels
from segdata.resample import resize_image as resize_image
from segdata.resample import resize_mask as resize_mask
from segdata.resample import turn_back as turn_back
from segdata.resample import turn_upright as turn_upright
from segdata.sample import Image, Mask, Sample


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo's header: the file or its bytes, its stored size, and how it must be turned to stand upright."""

    stored: Stored = field(repr=False)
    name: str
    stored_hw: tuple[int, int]
    orientation: int
    findings: tuple[Finding, ...]

    @classmethod
    def open(cls, stored: Stored, name: str) -> Photo:
        """Read the header only. `name` is the path to show in messages, relative to the source's root.

        Raises DataError when the file is absent, no photo, or larger than MAX_PIXELS.
        """
        with open_image(stored, name) as file:
            width, height = file.size
            mode = file.mode
            named = xmp = None
            try:
                if _may_be_turned(file, stored):
                    named, xmp = orientation_of(file), xmp_orientation_of(file)
            except (OSError, SyntaxError, ValueError, EOFError):
                named = 0  # told below; damaged pixels raise in read()
            if file.format == "TIFF" and named in range(5, 9):
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
        return cls(stored, name, (height, width), orientation, tuple(findings))

    @property
    def upright_hw(self) -> tuple[int, int]:
        height, width = self.stored_hw
        return (width, height) if self.orientation >= 5 else (height, width)

    def read(self, resize: Resize | None = None) -> Image:
        """Decode, turn upright, resize. Returns uint8 (H, W, 3) RGB.

        Raises DataError for a damaged file, or one of real numbers or of whole numbers beyond 16 bits.
        """
        pixels = self._decode(resize)
        image = turn_upright(pixels, self.orientation)
        return resize_image(image, resize) if resize else np.ascontiguousarray(image)

    def _decode(self, resize: Resize | None) -> NDArray[np.uint8]:
        """Pixels as stored; a JPEG no larger than `resize` needs."""
        with open_image(self.stored, self.name) as file:
            if file.format in ("JPEG", "MPO") and file.mode == "RGB":
                pixels = self._decode_jpeg(resize)
            elif file.format == "PNG" and file.mode == "RGB":
                pixels = decode_png(bytes_of(self.stored), self.stored_hw)
            else:
                pixels = None
            if pixels is not None:
                return pixels
            try:
                turned = turned_by_pillow(file)
                return turn_back(np.asarray(_to_rgb(file, self.name)), turned)
            except (OSError, SyntaxError, ValueError, EOFError) as error:
                raise DataError(
                    self.name,
                    found=f"a damaged photo ({error})",
                    expected="a whole file",
                    fix="Copy it again.",
                ) from error

    def _decode_jpeg(self, resize: Resize | None) -> NDArray[np.uint8] | None:
        scale = 1
        if resize and resize.photo == "area" and not resize.exact:
            target_hw = resize.size_hw if self.orientation < 5 else resize.size_hw[::-1]
            scale = reduced_scale(self.stored_hw, target_hw)
        pixels = decode_jpeg(bytes_of(self.stored), self.stored_hw, scale)
        return pixels if pixels is None or scale == 1 else sharpened(pixels)

    def sample(
        self, id: str, mask: Mask, resize: Resize | None, findings: tuple[Finding, ...] = ()
    ) -> Sample:
        """The Sample of this photo with a full-size upright mask. Raises DataError when sizes differ."""
        if mask.shape != self.upright_hw:
            raise DataError(
                self.name,
                found=f"a mask of {mask.shape[0]}x{mask.shape[1]} (HxW)",
                expected=f"the photo's upright size {self.upright_hw[0]}x{self.upright_hw[1]}",
                fix="Export photo and mask at one size; if the mask is turned, set source.exif in the pipeline file.",
            )
        if resize:
            mask = resize_mask(mask, resize.size_hw)
        return Sample(
            id,
            self.read(resize),
            np.ascontiguousarray(mask),
            self.upright_hw,
            self.findings + findings,
            self.stored if isinstance(self.stored, Path) else None,
            self.orientation,
        )


_PNG_EXIF_CHUNKS = (b"eXIf", b"tEXt", b"zTXt", b"iTXt")  # as text: ImageMagick's raw profile, XMP


def _may_be_turned(file: PillowImage.Image, stored: Stored) -> bool:
    """Whether EXIF must be asked: Pillow decodes all of a PNG to find that it has none."""
    if file.format != "PNG":
        return True
    with stream_of(stored) as chunks:
        chunks.seek(8)
        while len(head := chunks.read(8)) == 8:
            if head[4:] in _PNG_EXIF_CHUNKS:
                return True
            chunks.seek(int.from_bytes(head[:4], "big") + 4, 1)
    return False


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
