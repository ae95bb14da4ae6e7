"""search.json: which trials a search has, what it has cost, and whether it is over. What trials came to stands with them.

.segdata/search/sample-via/search.json:  {"key": "5c1f…", "trials": [{"train.lr": 0.003}, …], "seconds": 81.2, "complete": true}
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import msgspec

from segdata.atomic import replace_file
from segdata.digests import file_digest, value_digest
from segdata.project import Project
from segdata.search.draws import Values, drawn
from segdata.search.trial import trial_pipeline
from segdata.search_section import Search
from segdata.shards import ShardSet

LEDGER = "search.json"


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    trials: list[Values] = []
    seconds: float = 0.0
    complete: bool = False


@dataclass
class Ledger:
    """search.json while a search runs; every change is on the disk when a method returns."""

    path: Path
    kept: _Kept
    _since: float | None = None

    @classmethod
    def open(cls, folder: Path, key: str, search: Search) -> Ledger:
        """What was noted of this search; of one with another key, nothing."""
        path = folder / LEDGER
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
        except (OSError, msgspec.MsgspecError):
            kept = _Kept(key)
        if kept.key != key:
            kept = _Kept(key)
        if search.sampler != "tpe":
            kept.trials = drawn(search)
        return cls(path, kept)

    def add(self, number: int, values: Values) -> None:
        """Trial `number`, from 1, was drawn. Trials of a batch may start in any order."""
        trials = self.kept.trials
        trials.extend([{}] * (number - len(trials)))
        trials[number - 1] = values
        self.write()

    def start_clock(self) -> None:
        """What follows counts."""
        self._since = time.monotonic()

    def seconds(self) -> float:
        """What all runs of this search took together, this one until now, without Ray's start."""
        if self._since is not None:
            now = time.monotonic()
            self.kept.seconds += now - self._since
            self._since = now
        return self.kept.seconds

    def close(self, *, complete: bool) -> None:
        """The search ends, for now or for good."""
        self.kept.complete = complete
        self.write()

    def write(self) -> None:
        self.seconds()
        with replace_file(self.path) as temporary:
            temporary.write_bytes(msgspec.json.format(msgspec.json.encode(self.kept), indent=2) + b"\n")


def search_key(project: Project, name: str) -> str:
    """The digest of all that a search follows from: its section, the code, the shards, and the pipeline but for the keys
    that are searched, whose present values do not matter."""
    from segdata.training.finished import run_key
    from segdata.training.start import find_weights

    pipeline = project.pipeline(name)
    search = pipeline.search
    assert search is not None
    same = trial_pipeline(pipeline, {path: space.samples()[0] for path, space in search.space.items()})
    weights = pipeline.model.weights
    digest = (
        None if weights is None else file_digest(find_weights(project, weights, f"pipelines/{name}.yaml"))
    )
    shards = ShardSet.open(project.shards_dir(name))
    draws = [version("optuna"), version("ray")] if search.sampler == "tpe" else []
    return value_digest([search, run_key(same, shards, digest), draws])
