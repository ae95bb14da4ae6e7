"""How far a search is: a bar over all epochs on a terminal, a line for each trial that is over elsewhere.

sample-via: trial 3 of 9 finished after 10 epochs, loss 0.4121; best 0.3980 (trial 2); 2 running, 1.9 epochs/s, 40 s left
"""

from __future__ import annotations

import math
import sys
import time
from typing import Any

from tqdm import tqdm

from segdata.search.trial import TrialRecord
from segdata.search_section import better
from segdata.wording import counted


class Progress:
    """Hears of every epoch and of every trial that is over; of trials by their number, from 1.

    total, epochs  how many trials there will be, and how many epochs each has at most
    """

    def __init__(self, name: str, metric: str, total: int, epochs: int, *, quiet: bool) -> None:
        self.name, self.metric, self.total, self.epochs = name, metric, total, epochs
        self.quiet = quiet
        self.done: dict[int, int] = {}
        self.over: set[int] = set()
        self.best: tuple[int, float] | None = None
        self.trained, self.first = 0, 0.0
        self.bar: Any = None
        if not quiet and sys.stderr.isatty():
            self.bar = tqdm(total=total * epochs, desc=f"search {name}", unit="epoch", dynamic_ncols=True)

    def started(self, number: int) -> None:
        """A trial has a place to run."""
        self.done.setdefault(number, 0)

    def epoch(self, number: int, epoch: int, worth: float, *, earlier: bool) -> None:
        """One more epoch of a trial, trained now or at an earlier time; `worth`: its best figure so far."""
        new = epoch - self.done.get(number, 0)
        self.done[number] = epoch
        if not earlier:
            self.first = self.first or time.monotonic()  # what came before was Ray's start
            self.trained += new
        if math.isfinite(worth) and (self.best is None or self._is_better(worth, self.best[1])):
            self.best = (number, worth)
        if self.bar is not None:
            self.bar.update(new)
            if earlier:
                self.bar.initial += new
            self.bar.set_postfix_str(f"{len(self.over)}/{self.total} trials, {self._running()}{self._best()}")

    def trial_over(self, number: int, record: TrialRecord) -> None:
        """A trial is over, for whatever reason."""
        if number in self.over:
            return
        self.over.add(number)
        left_out = self.epochs - self.done.get(number, 0)
        self.done[number] = len(record.epochs)
        if self.bar is not None:
            self.bar.total -= left_out
            self.bar.refresh()
        elif not self.quiet:
            print(
                f"{self.name}: trial {number} of {self.total} {said(record, self.metric)}{self._best()}; {self._pace()}",
                flush=True,
            )

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def _is_better(self, worth: float, other: float) -> bool:
        return worth < other if better(self.metric) == "min" else worth > other

    def _running(self) -> str:
        return f"{len(self.done.keys() - self.over)} running"

    def _best(self) -> str:
        return "" if self.best is None else f"; best {self.best[1]:.4f} (trial {self.best[0]})"

    def _pace(self) -> str:
        left = sum(
            self.epochs - self.done.get(number, 0)
            for number in range(1, self.total + 1)
            if number not in self.over
        )
        running = self._running()
        if not left or self.trained < 2:
            return running
        rate = (self.trained - 1) / max(1e-9, time.monotonic() - self.first)
        return f"{running}, {rate:.2g} epochs/s, {in_words(left / rate)} left at most"


def said(record: TrialRecord, metric: str) -> str:
    """ "finished after 10 epochs, loss 0.4121", in the words of a line."""
    epochs = counted(len(record.epochs), "epoch")
    worth = record.worth(metric)
    figure = f", {spoken(metric)} {worth:.4f}" if math.isfinite(worth) else ""
    why = f" ({record.why})" if record.why else ""
    words = {
        "finished": f"finished after {epochs}",
        "stopped": f"stopped by the scheduler after {epochs}",
        "unfinished": f"is unfinished after {epochs}",
        "diverged": f"diverged after {epochs}",
        "failed": f"failed after {epochs}",
    }
    return f"{words[record.state]}{figure}{why}"


def spoken(metric: str) -> str:
    """A metric's name in words: "mean IoU"."""
    return {"mean_iou": "mean IoU", "onehot_accuracy": "one-hot accuracy"}.get(
        metric, metric.replace("_", " ")
    )


def in_words(seconds: float) -> str:
    """ "40 s", "12 min", "3.5 h"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
