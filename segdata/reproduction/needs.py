"""What a published result needs before it can be reproduced, in words that tell a person what to put where.

error: data/raw/VOC2012: found nothing at JPEGImages/; expected PASCAL VOC 2012, segmentation, 1,464 photos …
  where      http://host.robots.ox.ac.uk/pascal/VOC/voc2012/ (VOCtrainval_11-May-2012.tar; its folder VOCdevkit/VOC2012)
  licence    photos from flickr, under flickr's terms of use; for research
  put        data/raw/VOC2012/JPEGImages/                2007_000032.jpg, …
"""

from __future__ import annotations

from segdata.errors import ConfigError, DataError
from segdata.pipeline import Data, Pipeline, Published
from segdata.project import Project
from segdata.recipe import Weights


def published_of(project: Project, name: str) -> tuple[Pipeline, Published]:
    """The pipeline and what it was published with. Raises ConfigError with the names that have a published figure."""
    pipeline = project.pipeline(name)
    if pipeline.published is None:
        others = [
            other for other in project.pipeline_names() if project.pipeline(other).published is not None
        ]
        raise ConfigError(
            f"pipelines/{name}.yaml",
            found="no section 'published'",
            expected=f"one of those that have it: {', '.join(others) or 'none here'}",
        )
    return pipeline, pipeline.published


def missing_data(project: Project, pipeline: Pipeline) -> tuple[str, ...]:
    """What does not lie below source.root: the paths of data.layout, or "" for the folder itself; empty: all is there."""
    root = project.root / pipeline.source.root
    if not root.is_dir():
        return ("",)
    layout = pipeline.data.layout if pipeline.data else {}
    return tuple(path for path in layout if not (root / path).exists())


def check_data(project: Project, pipeline: Pipeline) -> None:
    """Raises DataError that says what is missing, where to get it, its licence, and what to put where."""
    missing = missing_data(project, pipeline)
    if not missing:
        return
    root = pipeline.source.root
    found = ", ".join(path for path in missing if path)
    data = pipeline.data
    raise DataError(
        root,
        found=f"nothing at {found}" if found else "no such folder",
        expected=data.what if data else f"photos and annotations in {pipeline.source.format} form",
        fix=_instructions(root, data, pipeline) if data else "Put them there.",
    )


def _instructions(root: str, data: Data, pipeline: Pipeline) -> str:
    lines = ["To reproduce it:", f"  where    {data.where}", f"  licence  {data.licence}"]
    paths = [(f"{root}/{path}", meaning) for path, meaning in data.layout.items()]
    weights, counts = pipeline.model.weights, pipeline.source.expected_counts
    if isinstance(weights, Weights) and weights.file:
        paths.append((weights.file, f"the weights it starts from: {weights.where}".removesuffix(": ")))
    width = max(len(path) for path, _ in paths)
    lines += [f"  put      {path.ljust(width)}  {meaning}" for path, meaning in paths]
    if isinstance(counts, dict) and counts:
        lines.append("  counts   " + ", ".join(f"{count} {split}" for split, count in counts.items()))
    return "\n".join(lines)
