"""The figures that stand on disk already, for a list that must be quick: no torch, nothing computed."""

from __future__ import annotations

from typing import Literal

import msgspec

from segdata.errors import DataError
from segdata.evaluation.origin import standing_of
from segdata.pipeline import Published
from segdata.project import Project


class _Figure(msgspec.Struct):
    protocol: str
    value: float | None


class _Metrics(msgspec.Struct):
    split: str
    protocols: tuple[_Figure, ...] = ()


def measured(project: Project, name: str, published: Published) -> float | Literal["stale"] | None:
    """Our value of the main published figure, as last scored; None where it was not, or a file is damaged.

    "stale" where other shards, or other weights, were scored than lie here now. Weights are read for it: whoever asks
    for many does so with a DigestCache in use.
    """
    own = project.pipeline(name).evaluate.split == published.split
    folder = (
        project.evaluation_dir(name)
        if own
        else project.root / "data" / "scored" / f"{name}-{published.split}"
    )
    try:
        metrics = msgspec.json.decode((folder / "metrics.json").read_bytes(), type=_Metrics)
    except (OSError, msgspec.MsgspecError):
        return None
    if metrics.split != published.split:
        return None
    try:
        if standing_of(project, name, folder).state == "stale":
            return "stale"
    except DataError:
        return None
    return next((one.value for one in metrics.protocols if one.protocol == published.protocol), None)
