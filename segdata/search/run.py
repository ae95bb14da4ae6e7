"""A search from beginning to end: what is there already, what Ray still has to train, and the results."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from segdata.atomic import only_one, replace_folder
from segdata.decode import read_yaml
from segdata.errors import ConfigError, TrainingError, nearest
from segdata.models import options_type
from segdata.pipeline import Pipeline
from segdata.project import Project
from segdata.search.draws import Values
from segdata.search.ledger import Ledger, search_key
from segdata.search.outcome import BEST, Outcome, best_text, results_dir, write_tables
from segdata.search.patch import diff_of, patched
from segdata.search.progress import Progress
from segdata.search.trial import TrialRecord, metric_of
from segdata.search.work import Job, weights_digest
from segdata.search_section import Search
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
    _check_options(pipeline, pipeline.search, f"pipelines/{name}.yaml: search.space")
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
        weights = weights_digest(project, name)  # here first: the workers would all fetch them
        ledger = Ledger.open(folder, search_key(job, weights), pipeline.search)
        if not ledger.kept.complete:
            _train_what_is_left(project, job, ledger, address, quiet)
        outcome = _outcome(job, ledger, weights)
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


def _check_options(pipeline: Pipeline, search: Search, where: str) -> None:
    """Raises ConfigError for an option that the model does not have; whether values fit each other, a trial tells."""
    valid = options_type(pipeline.model.name).__struct_encode_fields__
    for path in search.space:
        key = path.removeprefix("model.options.").partition(".")[0]
        if path.startswith("model.") and key not in valid:
            raise ConfigError(
                where, place="model.options", found=f"unknown key {key!r}", expected=nearest(key, valid)
            )


def write_results(project: Project, outcome: Outcome) -> Path:
    """data/search/<name>/, whole or not at all; returns the folder."""
    from segdata.search.page import write_page

    assert outcome.best is not None
    where, path = f"pipelines/{outcome.name}.yaml", project.pipeline_path(outcome.name)
    try:
        texts = patched(path, where, outcome.best.values)
        diff = diff_of(*texts, where)
    except ConfigError as error:
        diff = str(error)
    folder = results_dir(project, outcome.name)
    with replace_folder(folder) as temporary:
        write_tables(outcome, temporary)
        (temporary / BEST).write_text(best_text(outcome, read_yaml(path, where)), encoding="utf-8")
        write_page(outcome, temporary, diff)
    return folder


def _outcome(job: Job, ledger: Ledger, weights: str | None) -> Outcome:
    search = job.pipeline.search
    assert search is not None
    trials = []
    for values in ledger.kept.trials:
        if values:  # of a batch that was cut off, a later trial may have started alone
            trial = job.trial(values)
            record = trial.read_record()
            known = record is not None and record.is_worth_something(job.key_of(trial.own, weights), search)
            trials.append(record if record is not None and known else TrialRecord(values=values))
    spent = search.seconds is not None and ledger.seconds() >= search.seconds
    drawn = search.trials is None or len(trials) >= search.trials or search.sampler != "tpe"
    complete = spent or (drawn and all(trial.is_over for trial in trials))
    return Outcome(job.name, job.pipeline, tuple(trials), complete)


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

            def over(number: int, values: Values, why: str) -> None:
                progress.trial_over(number, _settle(job, values, why))
                ledger.write()

            watch = Watch(search, started, progress.epoch, over)
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


def _settle(job: Job, values: Values, why: str) -> TrialRecord:
    """The record of a trial that Tune is done with, by the scheduler's word or because its worker broke down (`why`)."""
    trial = job.trial(values)
    record = trial.read_record() or TrialRecord(values=values)
    search = job.pipeline.search
    assert search is not None
    if why and not record.is_over:
        record.state, record.why = "failed", why
        trial.write_record(record)
    elif record.state == "unfinished" and search.scheduler is not None and record.epochs:
        whole = len(record.epochs) >= trial.own.train.epochs
        record.state, record.stopped_by = ("finished", None) if whole else ("stopped", search.scheduler)
        trial.write_record(record)
    return record
