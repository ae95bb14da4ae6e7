"""Ray Tune at work: it draws values where they depend on results, places the trials, and stops those that are behind."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from ray import tune
from ray.tune.schedulers import AsyncHyperBandScheduler, FIFOScheduler

from segdata.errors import ConfigError
from segdata.search.draws import Values, drawn, readable
from segdata.search.trial import metric_of
from segdata.search.work import Job, work
from segdata.search_section import Search, Space, better

_WORTH, _EPOCH, _EARLIER = "worth", "epoch", "earlier"


class Watch(tune.Callback):  # type: ignore[misc]
    """Passes on what happens, by the number of the trial (from 1) in the order in which they were drawn."""

    def __init__(
        self,
        search: Search,
        on_start: Callable[[int, Values], None],
        on_epoch: Callable[[int, int, float, bool], None],
        on_over: Callable[[int, Values], None],
    ) -> None:
        self.search, self._on_start, self._on_epoch, self._on_over = search, on_start, on_epoch, on_over
        self._numbers: dict[str, int] = {}

    def _number(self, trials: list[Any], trial: Any) -> int:
        for place, one in enumerate(trials):
            self._numbers.setdefault(one.trial_id, place + 1)
        return self._numbers[trial.trial_id]

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._on_start(self._number(trials, trial), values_of(trial.config, self.search))

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        self._on_epoch(self._number(trials, trial), result[_EPOCH], result[_WORTH], result[_EARLIER])

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._on_over(self._number(trials, trial), values_of(trial.config, self.search))

    on_trial_error = on_trial_complete


def run_trials(ray: Any, job: Job, watch: Watch, seconds: float | None, folder: Path) -> None:
    """Run all trials of a search on the Ray that is connected; returns when they are over, or `seconds` are.

    folder  for what Tune itself writes; nothing of it is read again
    Raises ConfigError when no machine has what a trial needs.
    """
    search = watch.search
    mode = better(metric_of(job.pipeline))
    space: dict[str, Any] = {"job": msgspec.json.encode(job).decode()}
    if search.sampler == "tpe":
        space["values"] = {path: _domain(one) for path, one in search.space.items()}
    else:
        space["number"] = tune.grid_search(list(range(len(drawn(search)))))
    tuner = tune.Tuner(
        tune.with_resources(_trial, _resources(ray, search, job.device)),
        param_space=space,
        tune_config=tune.TuneConfig(
            metric=_WORTH,
            mode=mode,
            num_samples=search.trials or 1 if search.sampler == "tpe" else 1,
            search_alg=_tpe(search, mode) if search.sampler == "tpe" else None,
            scheduler=_scheduler(search, job, mode),
            reuse_actors=True,  # a worker has torch and Lightning loaded once
            time_budget_s=seconds,
            trial_name_creator=_short_name,
            trial_dirname_creator=_short_name,
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=str(folder),
            verbose=0,
            callbacks=[watch],
            failure_config=tune.FailureConfig(max_failures=1),
        ),
    )
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tuner.fit()


def _trial(config: dict[str, Any]) -> None:
    """In a worker: one trial, whose epochs go to Tune."""
    job = msgspec.json.decode(config["job"], type=Job)
    assert job.pipeline.search is not None

    def tell(epoch: int, worth: float, *, earlier: bool) -> None:
        tune.report({_EPOCH: epoch, _WORTH: worth, _EARLIER: earlier})

    work(job, values_of(config, job.pipeline.search), tell)


def values_of(config: dict[str, Any], search: Search) -> Values:
    """The values of a trial from what Tune passes on: a number of the list, or what TPE drew."""
    if "number" in config:
        return drawn(search)[config["number"]]
    found: Values = {}
    for path, space in search.space.items():
        value = config["values"][path]
        found[path] = readable(value) if space.choice is None else space.choice[value]
    return found


def _domain(space: Space) -> Any:
    if space.choice is not None:
        return tune.choice(list(range(len(space.choice))))
    assert space.ends is not None
    return tune.uniform(*space.ends) if space.uniform is not None else tune.loguniform(*space.ends)


def _tpe(search: Search, mode: str) -> Any:
    """A batch is drawn when the whole one before is over: what it draws depends on figures, never on who was first."""
    import optuna
    from ray.tune.search import ConcurrencyLimiter
    from ray.tune.search.optuna import OptunaSearch

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return ConcurrencyLimiter(
        OptunaSearch(metric=_WORTH, mode=mode, seed=search.seed), max_concurrent=search.batch, batch=True
    )


def _scheduler(search: Search, job: Job, mode: str) -> Any:
    if search.scheduler is None:
        return FIFOScheduler()
    return AsyncHyperBandScheduler(
        time_attr=_EPOCH,
        max_t=search.epochs or job.pipeline.train.epochs,
        grace_period=search.scheduler.grace,
        reduction_factor=search.scheduler.factor,
        stop_last_trials=False,
    )


def _resources(ray: Any, search: Search, device: str) -> dict[str, float]:
    """What a trial asks for. Raises ConfigError when no machine of the cluster has it: it would wait for ever."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cpus, gpus = search.resources.cpus, search.resources.gpus
    if gpus is None:
        gpus = 1.0 if device != "cpu" and any(node.get("GPU", 0) >= 1 for node in nodes) else 0.0
    if not any(node.get("CPU", 0) >= cpus and node.get("GPU", 0) >= gpus for node in nodes):
        there = "; ".join(f"{node.get('CPU', 0):g} cores and {node.get('GPU', 0):g} GPUs" for node in nodes)
        raise ConfigError(
            "search.resources",
            found=f"{cpus} cores and {gpus:g} GPUs for a trial",
            expected=f"at most what a machine has: {there}",
        )
    return {"cpu": cpus, "gpu": gpus}


def _short_name(trial: Any) -> str:
    return str(trial.trial_id)
