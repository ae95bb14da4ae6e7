"""The photos that benchmarks/training.py learns from: drawn street scenes as a shard set, and as folders of JPEG and PNG."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from _loader_data import iter_scenes
from PIL import Image

from segdata.ontology import ontology_of_names
from segdata.shards.boundaries import group_into_shards, target_rows
from segdata.shards.manifest import Manifest, write_manifest
from segdata.shards.schema import SetMetadata
from segdata.shards.writer import ShardWriter

TARGET_MIB = 8.0  # the pipelines' default
JPEG_QUALITY = 95


def write_photos(folder: Path, counts: dict[str, int], size_hw: tuple[int, int], num_classes: int) -> None:
    """folder/shards, and folder/photos/<id>.jpg beside folder/photos/<id>.png: the same photos of the same size."""
    names = [f"class {number}" for number in range(num_classes)]
    metadata = SetMetadata.of(ontology_of_names("own", names), size_hw, "area", "via")
    pictures = iter_scenes(sum(counts.values()), size_hw)
    (folder / "photos").mkdir(parents=True)
    (folder / "shards").mkdir()
    entries, rows = [], []
    for split, count in counts.items():
        ids = [f"{split}_{number:05d}" for number in range(count)]
        for shard in group_into_shards(ids, target_rows(size_hw, TARGET_MIB)):
            writer = ShardWriter(folder / "shards", split, metadata, len(shard))
            for id in shard:
                image, mask = next(pictures)
                writer.append(id, image, mask, ("photo", "annotation"), size_hw)
                _save(folder / "photos" / id, image, mask)
            finished = writer.finish()
            assert finished is not None
            entries.append(finished[0])
            rows += finished[1]
    write_manifest(
        folder / "shards", Manifest(msgspec.structs.replace(metadata, shards=tuple(entries)), tuple(rows))
    )


def _save(stem: Path, image: np.ndarray, mask: np.ndarray) -> None:
    Image.fromarray(np.ascontiguousarray(image)).save(stem.with_suffix(".jpg"), quality=JPEG_QUALITY)
    Image.fromarray(np.ascontiguousarray(mask)).save(stem.with_suffix(".png"))
