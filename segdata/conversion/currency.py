"""Whether a shard set was made with what its pipeline file says now: where DVC does not watch, nobody else tells.

    size_hw 48x64, the file says 96x128; 3 classes, the file says 4

Size, classes, format and the like stand in the set itself; the rest (label map, splits, options) is told as one, by the
digest in data/plans/NAME.parquet, where that lies here too.
"""

from __future__ import annotations

from segdata.conversion.plan import read_stated, stated_digest
from segdata.pipeline import Pipeline
from segdata.project import Project
from segdata.shards.schema import SetMetadata


def made_otherwise(project: Project, name: str, metadata: SetMetadata) -> str | None:
    """A warning where the set that lies there differs from what its pipeline file says, as far as can be told."""
    told = otherwise(project, name, metadata)
    if told is None:
        return None
    return (
        f"WARNING: its shards were made when pipelines/{name}.yaml said something else ({told}). They are taken as they "
        f"are: segdata convert {name} makes them as the file says now."
    )


def otherwise(project: Project, name: str, metadata: SetMetadata) -> str | None:
    """In what it differs, in words; None: in nothing known."""
    pipeline = project.pipeline(name)
    told = _differences(metadata, _stated(pipeline))
    if not told and read_stated(project.plan_path(name)) not in (None, stated_digest(pipeline)):
        told = ["source or shards"]
    return "; ".join(told) or None


def _stated(pipeline: Pipeline) -> SetMetadata:
    return SetMetadata.of(
        pipeline.source.build_ontology(),
        pipeline.shards.size_hw,
        pipeline.shards.photo,
        pipeline.source.format,
        pipeline.shards.compression,
    )


def _differences(made: SetMetadata, stated: SetMetadata) -> list[str]:
    told = []
    if made.size_hw != stated.size_hw:
        sizes = ["x".join(map(str, one.size_hw)) for one in (made, stated)]
        told.append(f"size_hw {sizes[0]}, the file says {sizes[1]}")
    before, now = (
        [name for name, _ in one.classes] for one in (made, stated)
    )  # their colours change no figure
    if before != now:
        told.append(_of_classes(before, now))
    for key in ("source_format", "photo_resampling", "compression"):
        if getattr(made, key) != getattr(stated, key):
            told.append(f"{key.replace('_', ' ')} {getattr(made, key)}, the file says {getattr(stated, key)}")
    return told


def _of_classes(made: list[str], stated: list[str]) -> str:
    gone = [name for name in made if name not in stated]
    new = [name for name in stated if name not in made]
    if gone or new:
        parts = [f"without {', '.join(new)}"] if new else []
        parts += [f"with {', '.join(gone)}"] if gone else []
        return f"classes {' and '.join(parts)}"
    return "classes in another order"
