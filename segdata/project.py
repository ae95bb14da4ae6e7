"""A segdata project folder: where its pipelines, raw data, shards, runs and reports lie.

params.yaml               which pipelines this checkout builds, and the knobs common to all
pipelines/<name>.yaml     one result
data/raw/<source>/        originals
data/shards/<name>/       the shard set              data/plans/<name>.parquet   why each sample is as it is
data/checks/<name>.json   what was doubtful
data/runs/<name>/         weights and curves         data/evaluation/<name>/     scores and predictions
data/scored/<name>-…/     scores of other splits and at the photos' own size, which no stage of DVC makes
data/report/              the HTML report            .segdata/                   caches and unfinished runs; never versioned
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from segdata.decode import read_yaml, strict
from segdata.digests import file_digest, value_digest
from segdata.errors import ConfigError, nearest
from segdata.pipeline import Count, Pipeline, Seed, read_pipeline


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class PipelineEntry(_Strict, frozen=True):
    """What DVC must know of a pipeline before it opens the file, and watches; it must agree with the file.

    raw     folder below data/raw
    format  as source.format
    model   as model.name
    """

    raw: str
    format: str
    model: str


class SampleParams(_Strict, frozen=True):
    """The embedded sample data.

    num_scenes  photos of each set
    size_hw     height and width of a photo, pixels
    seed        of what is drawn
    """

    num_scenes: Annotated[int, msgspec.Meta(ge=4, le=9999)] = 48
    size_hw: tuple[Count, Count] = (480, 640)
    seed: Seed = 2012


class ConvertParams(_Strict, frozen=True):
    """How conversions run; never what they yield.

    runner               threads | processes | ray (an existing cluster at ray_address)
    workers              tasks at a time; 0 means one per core
    ray_address          of the cluster, for runner ray: host:6379
    near_duplicate_bits  photos in different splits whose looks differ in no more bits (of 64) stop a conversion;
                         None: photos that look alike are not looked for
    """

    runner: Literal["threads", "processes", "ray"] = "threads"
    workers: Annotated[int, msgspec.Meta(ge=0, le=256)] = 0
    ray_address: str | None = None
    near_duplicate_bits: Annotated[int, msgspec.Meta(ge=0, le=32)] | None = None

    @property
    def threads(self) -> int:
        """How many threads of one process read photos: all that there are, unless processes share the cores."""
        return (self.workers or os.cpu_count() or 1) if self.runner == "threads" else 1


class TrainParams(_Strict, frozen=True):
    """Where training and evaluation run.

    device   auto takes the accelerator that is there
    threads  of the CPU; 0: all
    """

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    threads: Annotated[int, msgspec.Meta(ge=0, le=1024)] = 0


class SearchParams(_Strict, frozen=True):
    """Where searches run.

    ray_address  of a Ray cluster that is up, as host:6379; None: this machine alone
    """

    ray_address: str | None = None


class Params(_Strict, frozen=True):
    """params.yaml.

    pipelines  which pipelines this checkout builds: name → what DVC watches
    sample     how the sample data are drawn
    convert    how conversions run
    device     where training and evaluation run
    search     where searches run
    """

    pipelines: dict[str, PipelineEntry]
    sample: SampleParams = SampleParams()
    convert: ConvertParams = ConvertParams()
    device: TrainParams = TrainParams()
    search: SearchParams = SearchParams()


@dataclass(frozen=True)
class Project:
    """A folder that holds params.yaml and pipelines/."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """The project around `start` (default: the current folder). Raises ConfigError when there is none."""
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if (folder / "params.yaml").is_file() and (folder / "pipelines").is_dir():
                return cls(folder)
        raise ConfigError(
            str(start),
            found="no params.yaml with a pipelines/ folder beside it, here or above",
            expected="a segdata project",
            fix="Change into your clone of segdata, or give --project FOLDER.",
        )

    def params(self) -> Params:
        """params.yaml, decoded strictly. Raises ConfigError naming the key."""
        return strict(read_yaml(self.root / "params.yaml", "params.yaml"), Params, "params.yaml")

    def pipeline_names(self) -> tuple[str, ...]:
        """Every pipelines/*.yaml, sorted."""
        return tuple(sorted(path.stem for path in (self.root / "pipelines").glob("*.yaml")))

    def pipeline_path(self, name: str) -> Path:
        """Raises ConfigError with the nearest name."""
        if name not in self.pipeline_names():
            raise ConfigError(
                "pipelines/",
                found=f"no pipeline {name!r}",
                expected=nearest(name, self.pipeline_names()),
            )
        return self.root / "pipelines" / f"{name}.yaml"

    def pipeline(self, name: str) -> Pipeline:
        """One pipeline, decoded strictly and held against its entry in params.yaml."""
        pipeline = read_pipeline(self.pipeline_path(name), f"pipelines/{name}.yaml")
        entry = self.params().pipelines.get(name)
        if entry is not None:
            stated = (f"data/raw/{entry.raw}", entry.format, entry.model)
            actual = (pipeline.source.root, pipeline.source.format, pipeline.model.name)
            for key, said, is_ in zip(("raw", "format", "model"), stated, actual, strict=True):
                if said != is_:
                    raise ConfigError(
                        "params.yaml",
                        place=f"pipelines.{name}.{key}",
                        found=repr(said),
                        expected=f"{is_!r}, as pipelines/{name}.yaml says",
                        fix="Make both agree, whichever is mistyped: DVC watches what params.yaml names.",
                    )
        return pipeline

    def pipeline_digest(self, name: str) -> str:
        """SHA-256 of the pipeline file's bytes."""
        return file_digest(self.pipeline_path(name))

    def shards_dir(self, name: str) -> Path:
        return self.root / "data" / "shards" / name

    def plan_path(self, name: str) -> Path:
        return self.root / "data" / "plans" / f"{name}.parquet"

    def check_path(self, name: str) -> Path:
        return self.root / "data" / "checks" / f"{name}.json"

    def run_dir(self, name: str) -> Path:
        return self.root / "data" / "runs" / name

    def evaluation_dir(self, name: str) -> Path:
        return self.root / "data" / "evaluation" / name

    def scored_dir(self, name: str, split: str) -> Path:
        """Where the scores of a split go: data/evaluation/ is DVC's, and holds the pipeline's own split alone."""
        if split == self.pipeline(name).evaluate.split:
            return self.evaluation_dir(name)
        return self.root / "data" / "scored" / f"{name}-{split}"

    def own_size_dir(self, name: str, split: str) -> Path:
        """Where the figures of a split go that are counted at each photo's own size; nor is it DVC's."""
        return self.root / "data" / "scored" / f"{name}-{split}-own-size"

    def report_dir(self, *names: str) -> Path:
        """Where the page goes: data/report/ is DVC's, and tells of params.yaml's pipelines; that of `names` lies beside it."""
        if not names:
            return self.root / "data" / "report"
        joined = "+".join(names)
        short = joined if len(joined) <= 100 else f"{joined[:91]}-{value_digest(names)[:8]}"
        return self.root / "data" / "reports" / short

    def scratch_dir(self, *parts: str) -> Path:
        """A folder under .segdata/ for caches and unfinished work; made when absent."""
        folder = self.root.joinpath(".segdata", *parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder
