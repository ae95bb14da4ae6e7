"""The scenes as photos beside masks of class ids."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.golden.cases import Case, Truth, paint_first


def write(root: Path, truth: Truth) -> None:
    for folder in ("image", "mask"):
        (root / folder).mkdir(parents=True)
    for id, scene in truth.items():
        Image.fromarray(scene.image).save(root / "image" / f"{id}.jpg", quality=95)
        Image.fromarray(scene.mask).save(root / "mask" / f"{id}.png")


CASE = Case(edit_annotation=paint_first("mask/*.png"), photos="image/*.jpg", write=write, photos_by_id=True)
