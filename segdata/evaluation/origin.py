"""What scores were made of, so that scores of other shards, or of other weights, are never shown for these.

    data/evaluation/sample-via/scored.json   {"format_version": 1, "shards": "9f2c…", "weights": "5e1c…"}

Ids alone cannot tell: an annotation may be corrected, or a model trained again, and every photo is called as before. The
digests do not stand in metrics.json, since DVC would list them among the figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from segdata.digest_cache import remembered_digest
from segdata.errors import DataError
from segdata.project import Project
from segdata.shards.schema import MANIFEST

ORIGIN = "scored.json"
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
State = Literal["current", "unknown", "stale"]


class Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """scored.json.

    shards   digest of the shard set that was scored (ShardSet.digest)
    weights  SHA-256 of the run's model.safetensors
    """

    format_version: Literal[1] = 1
    shards: Digest
    weights: Digest

    def encoded(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


@dataclass(frozen=True)
class Standing:
    """How scores stand to what lies here now.

    state  current; unknown: they were written before segdata noted it; stale: they are of something else
    of     shards, weights, or both, where stale
    why    a sentence with both digests, where stale
    """

    state: State
    of: str = ""
    why: str = ""


def read_origin(folder: Path) -> Origin | None:
    """What the scores in a folder were made of; None where it was not noted. Raises DataError for a damaged note."""
    path = folder / ORIGIN
    try:
        return msgspec.json.decode(path.read_bytes(), type=Origin)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise DataError(
            path, found=str(error), expected="what segdata evaluate notes", fix="Evaluate again."
        ) from error


def standing_of(project: Project, name: str, folder: Path, *, shards: bool = True) -> Standing:
    """Whether the scores in `folder` are of the shards and the weights that lie here; what does not lie here is not held
    against them. Imports no torch.

    shards  False: ask about the weights alone
    Raises DataError for a damaged note.
    """
    origin = read_origin(folder)
    if origin is None:
        return Standing("unknown")
    here = [("weights", origin.weights, project.run_dir(name) / "model.safetensors")]
    if shards:
        here.insert(0, ("shards", origin.shards, project.shards_dir(name) / MANIFEST))
    others = [
        (what, noted, digest)
        for what, noted, path in here
        if path.is_file() and (digest := remembered_digest(path)) != noted
    ]
    if not others:
        return Standing("current")
    error = DataError(
        folder.relative_to(project.root) / ORIGIN,
        found=" and ".join(f"scores of {what} {noted[:12]}…" for what, noted, _ in others),
        expected=" and ".join(f"{what} {digest[:12]}…" for what, _, digest in others)
        + ", which lie here now",
        fix="Evaluate again.",
    )
    return Standing("stale", " and ".join(what for what, _, _ in others), str(error))
