"""What is served: a network behind two verbs, and what is known of it.

logits = engine.logits(images)                 # uint8 (N, h, w, 3), all of one size
mask = engine.mask(logits[0], (3024, 4032))    # uint8, of the photo's own size
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

from segdata.export.via_project import Dialect
from segdata.ontology import Label, Ontology
from segdata.photo import Resize
from segdata.sample import Image, Mask


class Engine(Protocol):
    """A network on some runtime. `logits` is called from one thread at a time, `mask` from several."""

    name: str
    """What computes, for people: "torch 2.15.0 on cpu"."""

    def logits(self, images: Image) -> list[Any]:
        """What `mask` takes, for each of the photos uint8 (N, H, W, 3) RGB, upright."""

    def mask(self, logits: Any, size_hw: tuple[int, int]) -> Mask:
        """The likeliest class of every pixel of a photo so large, uint8 (H, W)."""


class Metric(msgspec.Struct, frozen=True):
    """A figure of 0 to 1 by a protocol of `segdata.evaluation`, with its 95 % interval; None where undefined."""

    protocol: str
    value: float | None
    interval: tuple[float | None, float | None]


class Scored(msgspec.Struct, frozen=True):
    """On what the model was scored.

    size_hw    of photos and truth as they were scored
    same_data  whether it was trained on the very shards that were scored: else photos may have been in its training
    """

    split: str
    photos: int
    size_hw: tuple[int, int]
    same_data: bool
    metrics: tuple[Metric, ...]

    def by(self, protocol: str) -> Metric | None:
        return next((one for one in self.metrics if one.protocol == protocol), None)


class About(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a served model; nothing of the machine that made it.

    classes    (name, colour) in id order
    size_hw    what photos are resized to, by `photo` and `exact` as in a pipeline's `shards`
    weights    SHA-256 of all that decides the logits
    shards     SHA-256 of the shard set of its training, its version
    samples    photos in that set per split; empty where the set lies here no more
    scored     None: not scored, or with other weights
    attribute, names, canvas   how the set's annotators say a class (`Dialect`)
    """

    name: str
    title: str
    model: str
    classes: tuple[tuple[str, tuple[int, int, int]], ...]
    size_hw: tuple[int, int]
    photo: Literal["area", "bilinear", "nearest"] = "area"
    exact: bool = False
    weights: str
    shards: str
    samples: dict[str, int] = {}
    scored: Scored | None = None
    attribute: str
    names: dict[int, str]
    canvas: int
    segdata: str

    @property
    def ontology(self) -> Ontology:
        return Ontology("own", tuple(Label(name, color) for name, color in self.classes))

    @property
    def resize(self) -> Resize:
        return Resize(self.size_hw, self.photo, self.exact)

    @property
    def dialect(self) -> Dialect:
        return Dialect(self.attribute, self.names, self.canvas)

    def line(self) -> str:
        """One line for people: how good it is, on what."""
        mean_iou = self.scored.by("mean-iou") if self.scored else None
        if self.scored is None or mean_iou is None or mean_iou.value is None:
            return f"{self.model}, {len(self.classes)} classes, not scored"
        low, high = mean_iou.interval
        interval = "" if low is None or high is None else f" (95 % interval {low:.2f} to {high:.2f})"
        photos = f"{self.scored.photos} {self.scored.split} photo{'' if self.scored.photos == 1 else 's'}"
        return (
            f"{self.model}, {len(self.classes)} classes: mean IoU {mean_iou.value:.2f}{interval} on {photos}"
        )
