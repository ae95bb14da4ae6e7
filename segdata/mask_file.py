"""The numbers of a mask file as they are stored: palette indices and label numbers, never colours made of them.

>>> read_mask_values(Path("SegmentationClass/2007_000032.png"), "2007_000032.png").max()      # palettised
np.uint8(255)

Those that segdata writes of predictions are palettised: any tool that knows palettes shows the classes' colours.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from segdata.errors import DataError
from segdata.image_file import open_image, turned_by_pillow, whole
from segdata.lossy_mask import is_lossless_webp, lossy_kind, lossy_mask
from segdata.ontology import Ontology
from segdata.sample import Mask

Palette = NDArray[np.uint8]
"""uint8 (256, 3) RGB, black beyond a file's last entry."""


def mask_png(mask: Mask, ontology: Ontology) -> bytes:
    """A palettised PNG in the classes' colours; the index is the class id."""
    image = PillowImage.fromarray(mask)
    image.putpalette(ontology.color_table().tobytes())
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()


def read_mask_values(path: Path, name: str) -> NDArray[Any]:
    """The numbers stored in a mask file: uint8 or uint16 (H, W), or uint8 (H, W, 3) RGB for a coloured mask.

    Palettised files give palette indices. Grey PNGs of 1, 2 or 4 bits give 0…1, 0…3, 0…15 (decoders scale those
    to 0…255). An alpha channel that is opaque throughout says nothing and is left off. Raises DataError for a damaged
    file, one that is a JPEG or WebP by its content (or a TIFF that holds such), transparent anywhere or of real numbers, or a turned TIFF.
    """
    return read_values_and_palette(path, name)[0]


def read_lossy(path: Path, name: str) -> NDArray[Any]:
    """Decoded pixels of a file whose kind blurs masks, a JPEG or WebP (or in a TIFF): uint8 (H, W) or (H, W, C), to say what they hold.

    Raises DataError for a damaged file, and for one of another kind.
    """
    with open_image(path, name) as file, whole(name, "mask"):
        if lossy_kind(file) is None:
            raise DataError(name, found=f"a file of kind {file.format}", expected="a JPEG or WebP")
        return np.asarray(file)


def read_palette(path: Path, name: str) -> Palette | None:
    """Colours of a palettised file; None for any other file. Raises DataError for a damaged file."""
    with open_image(path, name) as file, whole(name, "mask"):
        return _palette(file)


def read_values_and_palette(path: Path, name: str) -> tuple[NDArray[Any], Palette | None]:
    """`read_mask_values` and `read_palette` of one file, opened once."""
    with open_image(path, name) as file:
        mode, lossy = file.mode, lossy_kind(file)
        bits = _grey_png_bits(path) if file.format == "PNG" and mode in ("L", "1") else 8
        with whole(name, "mask"):
            turned = turned_by_pillow(file)
            palette = _palette(file)
            values = np.asarray(file)
    if lossy is not None:
        raise lossy_mask(name, lossy, values, lossless=is_lossless_webp(path.read_bytes()))
    if turned != 1:
        raise DataError(
            name,
            found=f"a TIFF mask with orientation {turned}, which some programs follow and some do not",
            expected="a mask without orientation",
            fix="Save it as PNG, lying as its photo does.",
        )
    return _numbers(values, mode, bits, name), palette


def _numbers(values: NDArray[Any], mode: str, bits: int, name: str) -> NDArray[Any]:
    """Decoded pixels as the numbers that were stored, by Pillow's mode and a grey PNG's bits."""
    if mode == "1":
        return values.astype(np.uint8)
    if mode == "L":
        return values // np.uint8(255 // (2**bits - 1)) if bits < 8 else values
    if mode in ("P", "RGB"):
        return values
    if mode == "RGBA" and (values[..., 3] == 255).all():
        return values[..., :3]
    if mode.startswith("I"):
        if values.min(initial=0) < 0 or values.max(initial=0) > 65535:
            raise DataError(name, found="values outside 0 to 65535", expected="8- or 16-bit label numbers")
        return values.astype(np.uint16)
    raise DataError(
        name,
        found=f"a mask of mode {mode}" + (", partly transparent" if mode == "RGBA" else ""),
        expected="palettised, grey (8 or 16 bit) or RGB without alpha",
    )


def _palette(file: PillowImage.Image) -> Palette | None:
    colors = file.getpalette("RGB") if file.mode == "P" else None
    if colors is None:
        return None
    table = np.zeros((256, 3), np.uint8)
    table[: len(colors) // 3] = np.array(colors, np.uint8).reshape(-1, 3)
    return table


def _grey_png_bits(path: Path) -> int:
    with path.open("rb") as file:
        header = file.read(26)
    return header[24] if header[25] == 0 else 8  # IHDR: bit depth, colour type (0 = grey)
