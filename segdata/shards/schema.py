"""What stands on disk: a folder of Arrow IPC files and one Parquet manifest.

    data/shards/sample-via/
        train-4be1f07a9c3d5e21.arrow   one record batch: id (utf8), image (H, W, 3) and mask (H, W), uint8 tensors;
                                       one per sample where `compression` is not "none"
        val-….arrow                    named by split and content: an old set stays readable until the new manifest lies
        manifest.parquet               one row per sample, one entry per shard in the metadata; written last

Any Arrow library opens the files; the tensor columns are `arrow.fixed_shape_tensor` (Arrow columnar format, canonical
extension types). Rows of a shard and shards of a split stand in id order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from segdata.ontology import IGNORE_INDEX, Label, Ontology

FORMAT_VERSION = 1
MANIFEST = "manifest.parquet"
METADATA_KEY = b"segdata"


class ShardEntry(msgspec.Struct, frozen=True):
    """One shard file.

    name    <split>-<the first 16 hexadecimal digits of its SHA-256>.arrow
    split   train, val or test
    rows    samples in it
    bytes   size of the file
    digest  SHA-256 of the file, hexadecimal
    """

    name: str
    split: str
    rows: int
    bytes: int
    digest: str


class SetMetadata(msgspec.Struct, frozen=True):
    """What all samples of a set share. Stands as JSON in the metadata of every shard and of the manifest.

    format_version    1; a reader refuses any other
    size_hw           height and width of every image and mask
    photo_resampling  area, bilinear or nearest; masks are nearest
    ignore_index      255: the mask value that is no class
    classes           name and colour [red, green, blue] of each class, by class id
    source_format     the format that it was read from
    compression       none, or zstd: then each shard has a compressed record batch for each sample
    shards            the shard files, in the manifest alone: a file cannot hold its own digest
    """

    format_version: int
    size_hw: tuple[int, int]
    photo_resampling: str
    ignore_index: int
    classes: tuple[tuple[str, tuple[int, int, int]], ...]
    source_format: str
    compression: str = "none"
    shards: tuple[ShardEntry, ...] = ()

    @classmethod
    def of(
        cls,
        ontology: Ontology,
        size_hw: tuple[int, int],
        photo: str,
        source_format: str,
        compression: str = "none",
    ) -> SetMetadata:
        classes = tuple((label.name, label.color) for label in ontology.labels)
        return cls(FORMAT_VERSION, size_hw, photo, IGNORE_INDEX, classes, source_format, compression)

    def ontology(self) -> Ontology:
        return Ontology("own", tuple(Label(name, color) for name, color in self.classes))

    def encoded(self) -> dict[bytes, bytes]:
        return {METADATA_KEY: msgspec.json.encode(self)}


class SampleRow(msgspec.Struct, frozen=True, gc=False):
    """One sample in the manifest.

    id                               name of the sample, unique in the set
    split                            train, val or test
    shard                            name of the file it lies in
    row                              its row there, from 0
    photo_digest, annotation_digest  SHA-256 of what it was made from: the photo's bytes, and its own annotation
    image_digest, mask_digest        SHA-256 of what it became: the pixels as they lie in the shard
    original_height, original_width  size of the upright photo, pixels
    pixels                           pixels of each class, by class id
    ignored                          pixels of 255
    sums, squares                    sum of the image's values and of their squares, per RGB channel, exact
    """

    id: str
    split: str
    shard: str
    row: int
    photo_digest: str
    annotation_digest: str
    image_digest: str
    mask_digest: str
    original_height: int
    original_width: int
    pixels: tuple[int, ...]
    ignored: int
    sums: tuple[int, int, int]
    squares: tuple[int, int, int]


@dataclass(frozen=True)
class Statistics:
    """Exact statistics of some splits, added up from integers.

    pixels   int64 (C,) pixels per class        ignored  pixels of value 255
    mean     float64 (3,) of image / 255, RGB    std      float64 (3,), population standard deviation
    """

    pixels: NDArray[np.int64]
    ignored: int
    mean: NDArray[np.float64]
    std: NDArray[np.float64]


def shard_schema(metadata: SetMetadata) -> Any:
    """The Arrow schema of a shard file."""
    height, width = metadata.size_hw
    return pa.schema(
        [
            pa.field("id", pa.utf8(), nullable=False),
            pa.field("image", pa.fixed_shape_tensor(pa.uint8(), [height, width, 3]), nullable=False),
            pa.field("mask", pa.fixed_shape_tensor(pa.uint8(), [height, width]), nullable=False),
        ],
        metadata=metadata.encoded(),
    )


MANIFEST_FIELDS = pa.schema(
    [
        pa.field("id", pa.utf8()),
        pa.field("split", pa.utf8()),
        pa.field("shard", pa.utf8()),
        pa.field("row", pa.int32()),
        pa.field("photo_digest", pa.utf8()),
        pa.field("annotation_digest", pa.utf8()),
        pa.field("image_digest", pa.utf8()),
        pa.field("mask_digest", pa.utf8()),
        pa.field("original_height", pa.int32()),
        pa.field("original_width", pa.int32()),
        pa.field("pixels", pa.list_(pa.int64())),
        pa.field("ignored", pa.int64()),
        pa.field("sums", pa.list_(pa.int64())),
        pa.field("squares", pa.list_(pa.int64())),
    ]
)
