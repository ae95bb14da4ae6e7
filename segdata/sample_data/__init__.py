"""Street scenes drawn from a seed, in each format's own layout: data whose truth is known to the pixel.

write_sample_set("via", Path("data/raw/street-via"))
for sample_id, scene in iter_truth("via", 48, (480, 640), 2012):
    scene.mask    # what a reader of the VIA folder must return for sample_id
"""

from __future__ import annotations

from segdata.sample_data.regions import CLASSES, Region
from segdata.sample_data.scene import Scene, draw_scene
from segdata.sample_data.sets import FORMATS, MARKER, SampleSetResult, iter_truth, write_sample_set

__all__ = [
    "CLASSES",
    "FORMATS",
    "MARKER",
    "Region",
    "SampleSetResult",
    "Scene",
    "draw_scene",
    "iter_truth",
    "write_sample_set",
]
