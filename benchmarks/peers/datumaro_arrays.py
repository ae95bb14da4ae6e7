"""Datumaro's part of conversion.py, for a Python that has Datumaro: a folder of its format to arrays of one size.

python benchmarks/peers/datumaro_arrays.py FORMAT ROOT HEIGHT WIDTH OUT     prints {"seconds": …, "cpu": …, "samples": …}

Datumaro's own `resize` transform raises on segmentation masks (1.13), so photo and mask are resized by OpenCV here.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from datumaro.components.annotation import AnnotationType
from datumaro.components.dataset import Dataset


def main(form: str, root: str, height: int, width: int, out: Path) -> None:
    cv2.setNumThreads(1)
    logging.disable()
    start, cpu = time.perf_counter(), time.process_time()
    dataset = Dataset.import_from(root, form)
    images, masks = [], []
    for item in {item.id: item for item in dataset}.values():  # VOC's lists name a photo in several subsets
        image = item.media.data
        mask = np.full(image.shape[:2], 255, np.uint8)
        for annotation in item.annotations:
            if annotation.type == AnnotationType.mask:
                mask[np.asarray(annotation.image, bool)] = annotation.label
        images.append(
            cv2.resize(image.astype(np.uint8)[..., ::-1], (width, height), interpolation=cv2.INTER_AREA)
        )
        masks.append(cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST))
    np.save(out / "images.npy", np.stack(images))
    np.save(out / "masks.npy", np.stack(masks))
    taken = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    print(json.dumps({**taken, "samples": len(images)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
