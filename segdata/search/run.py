"""A search from beginning to end: what is there already, what Ray still has to train, and the results."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from segdata.atomic import only_one, replace_folder
from segdata.errors import ConfigError, TrainingError
from segdata.project import Project
from segdata.search.draws import Values
from segdata.search.ledger import Ledger, search_key
from segdata.search.outcome import Outcome, results_dir, write_tables
from segdata.search.patch import diff_of, patched
from segdata.search.progress import Progress
from segdata.search.trial import TrialRecord, metric_of, read_record
from segdata.search.work import Job
from segdata.shards import ShardSet

_INTERRUPTED = 130


def run_search(
    project: Project, name: str, *, device: str | None, address: str | None, fresh: bool, quiet: bool
) -> Outcome:
    """See segdata.search.search_pipeline."""
    pipeline = project.pipeline(name)
    if pipeline.search is None:
        raise ConfigError(
            f"pipelines/{name}.yaml",
            found="no section 'search'",
            expected="one that says what to try",
            fix="For instance: search: {sampler: grid, space: {train.lr: {choice: [0.0001, 0.001, 0.01]}}}.",
        )
    address = address or project.params().search.ray_address or os.environ.get("RAY_ADDRESS")
    with only_one(project.scratch_dir("locks") / "search", "a search in this project"):
        folder = project.scratch_dir("search", name)
        if fresh:
            shutil.rmtree(folder)
        job = Job(
            root=str(project.root),
            name=name,
            pipeline=pipeline,
            shards=ShardSet.open(project.shards_dir(name)).digest,
            folder=str(folder),
            device=device or project.params().device.device,
        )
        ledger = Ledger.open(folder, search_key(project, name), pipeline.search)
        if not ledger.kept.complete:
            _train_what_is_left(project, job, ledger, address, quiet)
        outcome = _outcome(job, ledger)
        ledger.close(complete=outcome.complete)
    if outcome.best is None:
        whys = [trial.why for trial in outcome.trials if trial.why]
        raise TrainingError(
            f"search of {name}",
            found=f"no trial that came to a figure ({whys[0] if whys else 'none had a whole epoch'})",
            expected="at least one",
            fix="Look at search.space in the pipeline file.",
        )
    write_results(project, outcome)
    return outcome


def write_results(project: Project, outcome: Outcome) -> Path:
    """data/search/<name>/, whole or not at all; returns the folder."""
    from segdata.search.page import write_page

    assert outcome.best is not None
    where = f"pipelines/{outcome.name}.yaml"
    try:
        texts = patched(project.pipeline_path(outcome.name), where, outcome.best.values)
        diff = diff_of(*texts, where)
    except ConfigError as error:
        diff = str(error)
    folder = results_dir(project, outcome.name)
    with replace_folder(folder) as temporary:
        write_tables(outcome, temporary)
        write_page(outcome, temporary, diff)
    return folder


def _outcome(job: Job, ledger: Ledger) -> Outcome:
    trials = tuple(
        read_record(job.trial(values).folder) or TrialRecord(values=values)
        for values in ledger.kept.trials
        if values  # of a batch that was cut off, a later trial may have started alone
    )
    search = job.pipeline.search
    assert search is not None
    spent = search.seconds is not None and ledger.seconds() >= search.seconds
    drawn = search.trials is None or len(trials) >= search.trials or search.sampler != "tpe"
    complete = spent or (drawn and all(trial.is_over or trial.state == "failed" for trial in trials))
    return Outcome(job.name, job.pipeline, trials, complete, ledger.seconds())


def _train_what_is_left(project: Project, job: Job, ledger: Ledger, address: str | None, quiet: bool) -> None:
    search = job.pipeline.search
    assert search is not None
    left = None if search.seconds is None else search.seconds - ledger.seconds()
    if left is not None and left <= 0:
        return
    from segdata.search.cluster import ray_at

    total = search.trials if search.sampler == "tpe" else len(ledger.kept.trials)
    progress = Progress(
        job.name, metric_of(job.pipeline), total or 1, search.epochs or job.pipeline.train.epochs, quiet=quiet
    )
    try:
        with ray_at(project, address) as ray:
            from segdata.search.tuning import Watch, run_trials

            def started(number: int, values: Values) -> None:
                progress.started(number)
                if search.sampler == "tpe":
                    ledger.add(number, values)

            watch = Watch(
                search,
                on_start=started,
                on_epoch=lambda number, epoch, worth, earlier: progress.epoch(
                    number, epoch, worth, earlier=earlier
                ),
                on_over=lambda number, values: progress.trial_over(number, _settle(job, values)),
            )
            ledger.start_clock()
            run_trials(ray, job, watch, left, Path(job.folder) / "tune")
    except KeyboardInterrupt:
        progress.close()
        ledger.write()
        print(
            f"\n{job.name}: stopped; `segdata search {job.name}` goes on: finished trials stay, the others go on after their last epoch.",
            file=sys.stderr,
            flush=True,
        )
        raise SystemExit(_INTERRUPTED) from None
    finally:
        progress.close()
        shutil.rmtree(Path(job.folder) / "tune", ignore_errors=True)


def _settle(job: Job, values: Values) -> TrialRecord:
    """The record of a trial that Tune is done with; one that the scheduler stopped is noted as such."""
    trial = job.trial(values)
    record = trial.read_record() or TrialRecord(values=values)
    search = job.pipeline.search
    assert search is not None
    if record.state == "unfinished" and search.scheduler is not None and record.epochs:
        whole = len(record.epochs) >= trial.own.train.epochs
        record.state = "finished" if whole else "stopped"
        trial.write_record(record)
    return record
