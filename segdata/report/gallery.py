"""Eyes inside the page: photos with their masks, a page of them at a time, so many as the file can bear.

gallery = fill_gallery(shards, scores, most=96)
gallery.pages[0][0]      # Thumbnail("IMG_0001", "train", "data:image/jpeg;base64,…", None)
len(gallery), gallery.total
(96, 10000)

Photos are taken evenly over the set, split by split. Pages are turned with radio buttons, without a script.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image as PillowImage

from segdata.overlay import overlay
from segdata.report.inputs import PhotoScore
from segdata.report.pictures import jpeg_uri, scale_mask
from segdata.shards import ShardSet

MOST_PICTURES = 384
"""In one report, shared among its pipelines: about 2 MB."""
MOST_OF_ONE = 120
ON_A_PAGE = 24
LONGER_SIDE = 168
_QUALITY = 70


@dataclass(frozen=True)
class Thumbnail:
    """The photo with its classes as a JPEG data URI; accuracy: the share of pixels predicted rightly, None if not scored."""

    id: str
    split: str
    uri: str
    accuracy: float | None


@dataclass(frozen=True)
class Gallery:
    """All thumbnails have one size, pixels; `total` photos are in the set."""

    pages: tuple[tuple[Thumbnail, ...], ...]
    total: int
    width: int
    height: int

    def __len__(self) -> int:
        return sum(len(page) for page in self.pages)


def share_of(pipelines: int) -> int:
    """How many pictures each of so many pipelines may show."""
    return min(MOST_OF_ONE, MOST_PICTURES // max(1, pipelines))


def fill_gallery(shards: ShardSet, scores: Mapping[str, PhotoScore], most: int) -> Gallery:
    """At most so many photos of a set. Reads their pixels alone. The same set gives the same pictures."""
    height, width = shards.size_hw
    scale = min(1.0, LONGER_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    colors = shards.ontology.color_table()
    parts = {split: shards.split(split) for split in shards.splits}
    places = [(split, number) for split, part in parts.items() for number in range(len(part))]
    shown = min(most, len(places))
    thumbnails = []
    for split, number in [places[index * len(places) // shown] for index in range(shown)]:
        part = parts[split]
        id = part.ids[number]
        photo = PillowImage.fromarray(np.ascontiguousarray(part.image_at(number)))
        small = np.asarray(photo.resize(size, PillowImage.Resampling.BOX))
        painted = overlay(small, scale_mask(part.mask_at(number), size), colors)
        known = scores.get(id)
        accuracy = known.pixel_accuracy if known is not None else None
        thumbnails.append(Thumbnail(id, split, jpeg_uri(painted, _QUALITY), accuracy))
    pages = [tuple(thumbnails[start : start + ON_A_PAGE]) for start in range(0, len(thumbnails), ON_A_PAGE)]
    return Gallery(tuple(pages), len(places), *size)
