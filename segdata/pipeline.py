"""The typed pipelines/<name>.yaml: one file is one result, decoded strictly, with no default for what a report states.

source: {format: via, root: data/raw/sample-via, ontology: {road: [128, 64, 128], car: [0, 0, 142]}, …}
shards: {size_hw: [96, 128]}
model:  {name: mininet, options: {}}
train:  {epochs: 20, batch_size: 8, optimizer: sgd, lr: 0.03, …}
evaluate: {split: test}
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from segdata.decode import read_yaml, strict
from segdata.errors import ConfigError
from segdata.label_map import LabelMap
from segdata.ontology import Label, Ontology, load_ontology

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


Count = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[float, msgspec.Meta(gt=0, le=sys.float_info.max)]  # finite
NotNegative = Annotated[float, msgspec.Meta(ge=0, le=sys.float_info.max)]
Seed = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class OfficialSplits(_Strict, frozen=True, tag="official", tag_field="method"):
    """The lists or folders that came with the data decide; a photo in none of them is set aside."""


class HashSplits(_Strict, frozen=True, tag="hash", tag_field="method"):
    """A stable hash of the group key decides: growing sets never move a photo, groups never straddle.

    shares  share of each split; they sum to 1
    group   regular expression searched in the id; its first group (or whole match) is the key. None: the id itself
    """

    shares: dict[Split, Share]
    group: str | None = None


class SeededSplits(_Strict, frozen=True, tag="seeded", tag_field="method"):
    """The seeded shuffle of a report, over the sorted ids.

    recipe  scikit-learn: train_test_split(test) then train_test_split(val) of the rest, same seed each time
            floor: one permutation; the first int(train·n) are train, the next int(val·n) val, the rest test
    val     share of val: of what the test split left (scikit-learn), or of all (floor)
    """

    recipe: Literal["scikit-learn", "floor"]
    seed: Seed
    test: Share
    val: Share

    def __post_init__(self) -> None:
        taken = self.test + self.val if self.recipe == "floor" else max(self.test, self.val)
        if taken >= 1:
            raise ValueError("test and val must leave something to train on")


Splits = OfficialSplits | HashSplits | SeededSplits


class Source(_Strict, frozen=True):
    """Where annotated photos come from, and what their labels mean.

    format           a file of segdata/formats/
    root             folder, relative to the project
    ontology         a built-in name, or {class name: [red, green, blue]} in id order
    label_map        {source name or value: class name or "ignore"}; None: names and ids are the ontology's own
    splits           official, hash or seeded
    exif             frame of the annotation on photos with an EXIF orientation; None: the format's custom
    unlabelled       what pixels no region covers are: "ignore" or a class
    unannotated      photos without annotation: skip (listed), background (whole photo `unlabelled`), or ignore (all 255)
    expected_counts  samples per split that must come out; the run stops with both numbers when they differ
    options          the format's own keys
    """

    format: str
    root: str
    ontology: str | dict[str, tuple[int, int, int]]
    splits: Splits
    label_map: dict[str | int, str] | None = None
    exif: Literal["as-shown", "as-stored"] | None = None
    unlabelled: str = "ignore"
    unannotated: Literal["skip", "background", "ignore"] = "skip"
    expected_counts: dict[Split, int] = {}
    options: dict[str, object] = {}

    def build_ontology(self) -> Ontology:
        """The classes. Raises ConfigError for unknown names or bad colours."""
        if isinstance(self.ontology, str):
            return load_ontology(self.ontology)
        for name, color in self.ontology.items():
            if not all(0 <= part <= 255 for part in color):
                raise ConfigError(
                    f"source.ontology.{name}", found=str(color), expected="three numbers of 0 to 255"
                )
        return Ontology("own", tuple(Label(name, color) for name, color in self.ontology.items()))

    def build_label_map(self, ontology: Ontology) -> LabelMap:
        """The lookup from source labels to class ids. Raises ConfigError for a class not in the ontology."""
        return (
            LabelMap.identity(ontology) if self.label_map is None else LabelMap.of(self.label_map, ontology)
        )


class Shards(_Strict, frozen=True):
    """The form in which samples are kept.

    size_hw     height and width of every image and mask, pixels
    photo       how photos are resampled; masks are always nearest
    exact       decode every photo in full; else large JPEGs are decoded reduced, within 48 dB (PSNR) of that
    target_mib  mean size aimed at for one shard file, MiB
    """

    size_hw: tuple[int, int]
    photo: Literal["area", "bilinear", "nearest"] = "area"
    exact: bool = False
    target_mib: float = 8.0

    def __post_init__(self) -> None:
        if min(self.size_hw) < 1 or max(self.size_hw) > 16384:
            raise ValueError("size_hw must lie between 1 and 16384 pixels")
        if not 0.01 <= self.target_mib <= 1024:
            raise ValueError("target_mib must lie between 0.01 and 1024")


class Model(_Strict, frozen=True):
    """A file of segdata/models/, its options, and a weights file to start from (None: from scratch)."""

    name: str
    options: dict[str, object] = {}
    weights: str | None = None


class Schedule(_Strict, frozen=True):
    """Learning rate over the run: constant, step (×factor every `every` epochs), one-cycle, or poly (power 0.9)."""

    name: Literal["constant", "step", "one-cycle", "poly"] = "constant"
    every: Count = 10
    factor: Positive = 0.1


class Augment(_Strict, frozen=True):
    """Random changes of photo and mask together, on the training split, each with its own probability or range."""

    horizontal_flip: Share = 0.0
    vertical_flip: Share = 0.0
    rotate_degrees: Annotated[float, msgspec.Meta(ge=0, le=180)] = 0.0
    brightness: Share = 0.0
    contrast: Share = 0.0
    blur: Share = 0.0


class MeanStd(_Strict, frozen=True):
    """Normalisation by given numbers: (image / 255 - mean) / std, per RGB channel."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class Train(_Strict, frozen=True):
    """One training run. `select` names the criterion of the best checkpoint, on the val split."""

    epochs: Count
    batch_size: Count
    optimizer: Literal["sgd", "adam", "adamw"]
    lr: Positive
    seed: Seed = 0
    momentum: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    weight_decay: NotNegative = 0.0
    schedule: Schedule = Schedule()
    augment: Augment = Augment()
    normalise: Literal["imagenet", "train", "all"] | MeanStd = "train"
    class_weights: Literal["none", "inverse-frequency", "median-frequency"] = "none"
    select: Literal["mean_iou", "pixel_accuracy", "loss"] = "mean_iou"
    patience: Count | None = None
    precision: Literal["fp32", "bf16"] = "fp32"
    channels_last: bool = False
    accumulate: Count = 1
    compile: bool = False


class Evaluate(_Strict, frozen=True):
    """What is scored: the split, and how many photos of it the report shows."""

    split: Split = "test"
    batch_size: Count = 8
    shown: Annotated[int, msgspec.Meta(ge=0, le=100)] = 6


class Published(_Strict, frozen=True):
    """A figure somebody published, and how it was computed."""

    metric: str
    protocol: str
    split: Split
    value: float
    where: str
    tolerance: float


class Pipeline(_Strict, frozen=True):
    """One pipelines/<name>.yaml."""

    title: str
    source: Source
    shards: Shards
    model: Model
    train: Train
    evaluate: Evaluate = Evaluate()
    published: Published | None = None


def read_pipeline(path: Path, where: str | None = None) -> Pipeline:
    """Decode a pipeline file strictly. Raises ConfigError naming file, key and the nearest valid key."""
    where = where or path.name
    value = read_yaml(path, where)
    if not isinstance(value, dict):
        raise ConfigError(
            where, found=type(value).__name__, expected="a mapping: source, shards, model, train, …"
        )
    pipeline = strict(value, Pipeline, where)
    try:
        ontology = pipeline.source.build_ontology()
        pipeline.source.build_label_map(ontology)
        ontology.id_of(pipeline.source.unlabelled)
    except ConfigError as error:
        raise ConfigError(
            f"{where}: {error.where}", place=error.place, found=error.found, expected=error.expected
        ) from error
    return pipeline
