"""The figures that stand on disk already, for a list that must be quick: no torch, nothing computed."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from segdata.errors import DataError
from segdata.evaluation.origin import State, standing_of
from segdata.pipeline import Published
from segdata.project import Project


class _Figure(msgspec.Struct):
    protocol: str
    value: float | None


class _Metrics(msgspec.Struct):
    split: str
    protocols: tuple[_Figure, ...] = ()


@dataclass(frozen=True)
class Measured:
    """A figure as it was last scored, and how those scores stand to the shards and weights that lie here now.

    value  None where the figure is not defined, or was not among those scored
    """

    value: float | None
    state: State


def measured(project: Project, name: str, published: Published) -> Measured | None:
    """Our value of the main published figure; None where its split was not scored, or a file is damaged.

    Weights are read for it: whoever asks for many does so with a DigestCache in use.
    """
    own = project.pipeline(name).evaluate.split == published.split
    folder = (
        project.evaluation_dir(name)
        if own
        else project.root / "data" / "scored" / f"{name}-{published.split}"
    )
    try:
        metrics = msgspec.json.decode((folder / "metrics.json").read_bytes(), type=_Metrics)
        state = standing_of(project, name, folder).state
    except (OSError, msgspec.MsgspecError, DataError):
        return None
    if metrics.split != published.split:
        return None
    values = (one.value for one in metrics.protocols if one.protocol == published.protocol)
    return Measured(next(values, None), state)
