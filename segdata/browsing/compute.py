"""Lets the trained model look at every photo of the set, once: what disagrees most with its annotation comes first.

A set of 10,000 small photos takes a minute or two on a CPU. Shard after shard is kept, so that a stopped computation
goes on where it was. Memory: one batch of photos and their logits, and the figures and packed masks of one shard.
"""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segdata.atomic import only_one
from segdata.browsing.kept import FIGURES, KeptFigures
from segdata.browsing.pictures import packed
from segdata.digests import value_digest
from segdata.errors import MissingExtraError, SegdataError, TrainingError
from segdata.project import Project
from segdata.shards import ShardSet
from segdata.shards.reader import map_shard
from segdata.shards.schema import ShardEntry

if TYPE_CHECKING:
    from segdata.evaluation.run import Run

Work = Callable[[Callable[[int], object], Callable[[], bool]], None]
"""A computation: it tells its first argument of photos done, and asks the second whether to stop."""

BATCH_PIXELS = 1 << 20
MOST_AT_ONCE = 8
"""Photos go through the network together up to so many pixels, and so many photos."""


class Stopped(Exception):
    """Somebody asked the computation to end; what was kept stays."""


def why_not(project: Project, name: str) -> str:
    """Why there can be no figures of a model now, for people; empty when there can."""
    run = project.run_dir(name)
    if not (run / "model.json").is_file() or not (run / "model.safetensors").is_file():
        return f"No trained model yet: run dvc repro, or segdata train {name}."
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed: pip install 'segdata[train]'."
    return ""


def compute(
    project: Project,
    name: str,
    shards: ShardSet,
    kept: KeptFigures,
    tick: Callable[[int], object] = lambda photos: None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Compute and keep what is missing.

    tick  told after each batch how many photos it held; stop  asked before each batch
    Raises Stopped, TrainingError for a run of other classes, or another than `kept` is of, MissingExtraError, SegdataError when another process is
    at the same work.
    """
    try:
        from segdata.evaluation.device import choose_device, quiet_threads

        quiet_threads()
        from segdata.evaluation.run import load_noted_run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("segdata"):
            raise
        raise MissingExtraError.of(error.name, "train", "what a model makes of the photos") from error
    with only_one(project.scratch_dir("locks") / f"disagreement-{name}", f"look at {name} with its model"):
        run, digests = load_noted_run(project.run_dir(name), choose_device(None, project.params().device))
        if not kept.is_of(value_digest(digests)):
            raise TrainingError(
                str(project.run_dir(name)),
                found="another model than when this was begun",
                expected="the one whose figures are kept together",
                fix="Begin again: by then they are those of the new one.",
            )
        if run.ontology.names != shards.ontology.names:
            raise TrainingError(
                str(project.run_dir(name)),
                found=f"a model of {len(run.ontology)} other classes",
                expected=f"the {len(shards.ontology)} classes of the shards",
                fix="Train again.",
            )
        for entry in kept.missing():
            _compute_shard(run, shards, entry, kept, tick, stop)
        kept.remove_others()


def _compute_shard(
    run: Run,
    shards: ShardSet,
    entry: ShardEntry,
    kept: KeptFigures,
    tick: Callable[[int], object],
    stop: Callable[[], bool],
) -> None:
    from segdata.evaluation.disagreement import measure

    images, truths = map_shard(shards.folder, entry)
    height, width = shards.size_hw
    at_once = max(1, min(MOST_AT_ONCE, BATCH_PIXELS // (height * width)))
    columns: dict[str, list[float]] = {figure: [] for figure in FIGURES}
    masks: list[bytes] = []
    for start in range(0, entry.rows, at_once):
        if stop():
            raise Stopped
        rows = range(start, min(start + at_once, entry.rows))
        found = measure(run, np.stack([images[row] for row in rows]), np.stack([truths[row] for row in rows]))
        for figure in FIGURES:
            columns[figure] += getattr(found, figure).tolist()
        masks += [packed(mask) for mask in found.predictions]
        tick(len(found.predictions))
    kept.write(entry, [np.array(columns[figure]) for figure in FIGURES], masks)


@dataclass
class Progress:
    """Where a computation stands: photos done of all, at how many a second, and what ended it (empty: nothing did)."""

    running: bool = False
    done: int = 0
    total: int = 0
    photos_per_second: float = 0.0
    error: str = ""

    @property
    def seconds_left(self) -> float | None:
        rate = self.photos_per_second
        return (self.total - self.done) / rate if self.running and rate else None


class Job:
    """A computation in a thread of its own, at most one at a time."""

    def __init__(self) -> None:
        self.progress = Progress()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, work: Work, total: int) -> bool:
        """Run `work(tick, stop)` unless a job is running already; whether it was started."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return False
            self._stop.clear()
            self.progress = Progress(running=True, total=total)
            self._thread = threading.Thread(target=self._run, args=(work, self.progress), daemon=True)
            self._thread.start()
            return True

    def _run(self, work: Work, progress: Progress) -> None:
        began = time.monotonic()

        def tick(photos: int) -> None:
            progress.done += photos
            seconds = time.monotonic() - began
            progress.photos_per_second = progress.done / seconds if seconds > 0.5 else 0.0

        try:
            work(tick, self._stop.is_set)
        except Stopped:
            pass
        except SegdataError as error:
            progress.error = str(error)
        except Exception as error:
            progress.error = f"segdata failed: {error!r}"
            raise
        finally:
            progress.running = False

    def stop(self) -> None:
        """Ask the running job to end, and wait for it."""
        self._stop.set()
        thread = self._thread
        if thread is not None:
            thread.join()
