"""Writes photos and masks to disk, the same bytes for the same pixels.

write_jpeg(Path("photos/IMG_0001.jpg"), scene.image)
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from segdata.sample_data.painting import Photo
from segdata.sample_data.regions import Mask

JPEG_QUALITY = 92


def write_jpeg(path: Path, photo: Photo, exif: Image.Exif | None = None) -> None:
    """Write uint8 (H, W, 3) RGB as a JPEG of quality 92, with an EXIF block where one is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(photo)
    if exif is None:
        image.save(path, "JPEG", quality=JPEG_QUALITY)
    else:
        image.save(path, "JPEG", quality=JPEG_QUALITY, exif=exif.tobytes())


def write_png(path: Path, pixels: Photo | Mask | npt.NDArray[np.uint16]) -> None:
    """Write uint8 (H, W, 3) RGB, or uint8 or uint16 (H, W), as a PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bgr: Photo | npt.NDArray[np.uint16] = pixels[..., ::-1].copy() if pixels.ndim == 3 else pixels
    written, data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    assert written, "cv2 encodes images of 1 and 3 channels as PNG"
    path.write_bytes(data.tobytes())
