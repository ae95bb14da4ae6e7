"""The typed pipelines/<name>.yaml: one file is one result, decoded strictly, with no default for what a report states.

source: {format: via, root: data/raw/sample-via, ontology: {road: [128, 64, 128], car: [0, 0, 142]}, …}
shards: {size_hw: [96, 128]}
model:  {name: mininet, options: {}}
train:  {epochs: 20, batch_size: 8, optimizer: sgd, lr: 0.03, …}
evaluate: {split: test}

A variant says `base: cityscapes-denseaspp` and only what differs: the keys that it states replace those of the base, in
mappings key by key; a base has no base of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from segdata.decode import strict
from segdata.errors import ConfigError, nearest
from segdata.label_map import LabelMap
from segdata.ontology import IGNORE, Label, Ontology, load_ontology
from segdata.published import Data, Figure, Published
from segdata.recipe import Augment, MeanStd, Model, Reach, Schedule, Train, Weights
from segdata.search_section import GIVEN, SEARCHED, Search, with_values
from segdata.sections import SPLITS, Count, NotNegative, Positive, Section, Seed, Share, Split
from segdata.splits_section import (
    BurstGroups,
    FolderGroups,
    HashSplits,
    Listed,
    ListGroups,
    LookGroups,
    OfficialSplits,
    SeededSplits,
    Splits,
)
from segdata.variants import read_values

__all__ = [
    "SPLITS",
    "Augment",
    "BurstGroups",
    "Count",
    "Data",
    "Evaluate",
    "Figure",
    "FolderGroups",
    "HashSplits",
    "ListGroups",
    "Listed",
    "LookGroups",
    "MeanStd",
    "Model",
    "NotNegative",
    "OfficialSplits",
    "Pipeline",
    "Positive",
    "Published",
    "Reach",
    "Schedule",
    "Search",
    "Section",
    "Seed",
    "SeededSplits",
    "Share",
    "Shards",
    "Source",
    "Split",
    "Splits",
    "Train",
    "Weights",
    "read_pipeline",
    "read_values",
]


class Source(Section, frozen=True):
    """Where annotated photos come from, and what their labels mean.

    format           a file of segdata/formats/
    root             folder, relative to the project
    ontology         a built-in name, or {class name: [red, green, blue]} in id order
    label_map        {source name or value: class name or "ignore"}; None: names and ids are the ontology's own
    splits           official, hash or seeded
    exif             frame of the annotation on photos with an EXIF orientation; None: the format's custom
    unlabelled       what pixels no region covers are: "ignore" or a class
    unannotated      photos without annotation: skip (listed), background (whole photo `unlabelled`), or ignore (all 255)
    accept_leaks     ids, or patterns of ids (seq1/*), whose copies in other splits are accepted; or all of them
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
    accept_leaks: Literal["all"] | tuple[str, ...] = ()
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


def _check_size(size_hw: tuple[int, int]) -> None:
    if min(size_hw) < 1 or max(size_hw) > 16384:
        raise ValueError("size_hw must lie between 1 and 16384 pixels")


class Shards(Section, frozen=True):
    """The form in which samples are kept.

    size_hw      height and width of every image and mask, pixels
    photo        how photos are resampled; masks are always nearest
    exact        decode every photo in full; else JPEGs of 4 megapixels and more may be decoded reduced, within 48 dB (PSNR) of that
    target_mib   mean size aimed at for one shard file, MiB, before any compression
    compression  none: mapped as they lie; zstd: smaller files, each sample decompressed whenever it is read, which is slow
    """

    size_hw: tuple[int, int]
    photo: Literal["area", "bilinear", "nearest"] = "area"
    exact: bool = False
    target_mib: float = 8.0
    compression: Literal["none", "zstd"] = "none"

    def __post_init__(self) -> None:
        _check_size(self.size_hw)
        if not 0.01 <= self.target_mib <= 1024:
            raise ValueError("target_mib must lie between 0.01 and 1024")


class Evaluate(Section, frozen=True):
    """What is scored.

    split       the photos that are scored
    size_hw     height and width at which they are scored, pixels, where these are not those of the shards: photo and
                mask are read from the source again and resized as for the shards. Other splits keep the shards' size
    batch_size  photos at a time; it changes no figure
    shown       how many of them the report shows
    """

    split: Split = "test"
    size_hw: tuple[int, int] | None = None
    batch_size: Count = 8
    shown: Annotated[int, msgspec.Meta(ge=0, le=100)] = 6

    def __post_init__(self) -> None:
        if self.size_hw is not None:
            _check_size(self.size_hw)


class Pipeline(Section, frozen=True):
    """One pipelines/<name>.yaml.

    title      one line for people
    source     where annotated photos come from, and what their labels mean
    shards     the form in which samples are kept
    model      what is trained
    train      how it is trained
    evaluate   what is scored
    published  the figure of a report to compare with
    data       where to get the photos of a published result
    search     which other values of `train` and `model.options` to try
    """

    title: str
    source: Source
    shards: Shards
    model: Model
    train: Train
    evaluate: Evaluate = Evaluate()
    published: Published | None = None
    data: Data | None = None
    search: Search | None = None


def read_pipeline(path: Path, where: str | None = None) -> Pipeline:
    """Decode a pipeline file strictly. Raises ConfigError naming file, key and the nearest valid key."""
    where = where or path.name
    values = read_values(path, where)
    pipeline = strict(values, Pipeline, where)
    if pipeline.search is not None:
        _check_space(values, pipeline.search, where)
    published = pipeline.published
    if pipeline.evaluate.size_hw is not None and published is not None and published.at == "photo":
        raise ConfigError(
            where,
            place="evaluate.size_hw",
            found="a size beside published.at photo, which enlarges what the network says of the shards' photos",
            expected="one of the two",
        )
    try:
        ontology = pipeline.source.build_ontology()
        pipeline.source.build_label_map(ontology)
        for place, name in (
            ("source.unlabelled", pipeline.source.unlabelled),
            ("train.void", pipeline.train.void),
        ):
            if name != IGNORE and name not in ontology.names:
                raise ConfigError(place, found=repr(name), expected=nearest(name, [*ontology.names, IGNORE]))
    except ConfigError as error:
        raise ConfigError(
            f"{where}: {error.where}", place=error.place, found=error.found, expected=error.expected
        ) from error
    return pipeline


def _check_space(values: dict[str, object], search: Search, where: str) -> None:
    """Hold every value of the space against what its key allows; a model checks its own options when it is built."""
    train = values["train"]
    assert isinstance(train, dict)
    epochs = search.epochs or train["epochs"]
    if search.scheduler is not None and search.scheduler.grace > epochs:
        raise ConfigError(
            where,
            place="search.scheduler.grace",
            found=str(search.scheduler.grace),
            expected=f"no more than the {epochs} epochs of a trial",
        )
    for path, space in search.space.items():
        if not path.startswith(SEARCHED) or path in GIVEN:
            raise ConfigError(
                where,
                place="search.space",
                found=repr(path),
                expected=f"search.{GIVEN[path]}, which sets it"
                if path in GIVEN
                else "a key of train or model.options, as train.lr",
            )
        for value in space.samples():
            strict(with_values(values, {path: value}), Pipeline, f"{where}: search.space")
