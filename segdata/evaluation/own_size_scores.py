"""Figures at each photo's own size, as they are kept, so that a page shows what was computed and computes nothing.

    data/scored/voc-deeplabv3-val-own-size/figures.json   {"split": "val", "samples": 1449, "protocols": [{"protocol": …}]}
    data/scored/voc-deeplabv3-val-own-size/scored.json    {"shards": "9f2c…", "weights": "5e1c…"}, as beside other scores

`segdata reproduce` writes them (segdata/reproduction/own_size.py). They do not lie in data/evaluation/, which is what a
stage of DVC made. This module imports no torch.
"""

from __future__ import annotations

import msgspec

from segdata.atomic import replace_folder
from segdata.errors import DataError
from segdata.evaluation.origin import ORIGIN, Origin
from segdata.evaluation.protocols import ProtocolScore
from segdata.project import Project

_FIGURES = "figures.json"


class OwnSizeScores(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """figures.json: shares of 1, each photo counted at its own size. samples: how many photos."""

    format_version: int = 1
    split: str
    samples: int
    protocols: tuple[ProtocolScore, ...]

    def by(self, protocol: str) -> ProtocolScore | None:
        """The figure of one protocol; None where it is not among them."""
        return next((one for one in self.protocols if one.protocol == protocol), None)


def keep_own_size(project: Project, name: str, scores: OwnSizeScores, origin: Origin) -> None:
    """Write them, whole or not at all, with a note of what they were made of."""
    with replace_folder(project.own_size_dir(name, scores.split)) as folder:
        content = msgspec.json.format(msgspec.json.encode(scores), indent=2) + b"\n"
        (folder / _FIGURES).write_bytes(content)
        (folder / ORIGIN).write_bytes(origin.encoded())


def read_own_size(project: Project, name: str, split: str) -> OwnSizeScores | None:
    """Those of a split; None where none are kept. Whether they are of what lies here, origin.standing_of says.

    Raises DataError for a damaged file.
    """
    path = project.own_size_dir(name, split) / _FIGURES
    try:
        return msgspec.json.decode(path.read_bytes(), type=OwnSizeScores)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise DataError(
            path,
            found=str(error),
            expected="figures as segdata reproduce keeps them",
            fix=f"Run segdata reproduce {name} again.",
        ) from error
