"""A search for better parameters as a flow, so that Prefect's page starts it and keeps what it came to.

    segdata search mine         in a terminal, with progress
    python -m flows.ui          on the page: Deployments, "search mine", Quick run

segdata.search does all of it; here is the click, and a table of the trials as an artifact.
"""

from __future__ import annotations

from typing import cast

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.deployments.runner import RunnerDeployment
from prefect.types.entrypoint import EntrypointType

from flows.convert import artifact_key, cell
from segdata.project import Project
from segdata.search import search_pipeline
from segdata.search.outcome import Outcome


@flow(name="search", flow_run_name="search {name}")
def search(name: str, fresh: bool = False) -> str:
    """Run the search that a pipeline file describes, or go on with it.

    Args:
        name: a file of pipelines/ with a section search, without .yaml
        fresh: train every trial again, also those that are finished
    """
    outcome = search_pipeline(Project.find(), name, fresh=fresh, quiet=True)
    key = artifact_key(name).replace("convert-", "search-", 1)
    create_markdown_artifact(markdown(outcome), key=key, description=outcome.line())
    return outcome.line()


def markdown(outcome: Outcome) -> str:
    """The trials, best first, then those that came to no figure."""
    assert outcome.pipeline.search is not None
    paths, metric = list(outcome.pipeline.search.space), outcome.metric
    lines = [f"# Search of {outcome.name}", "", cell(outcome.line()), ""]
    lines += [f"| trial | {' | '.join(paths)} | {metric} | epochs | state |", "|---" * (len(paths) + 4) + "|"]
    others = [number for number in range(1, len(outcome.trials) + 1) if number not in outcome.ranked]
    for number in (*outcome.ranked, *others):
        trial = outcome.trials[number - 1]
        values = " | ".join(cell(str(trial.values[path])) for path in paths)
        figure = f"{trial.worth(metric):.4f}" if number in outcome.ranked else ""
        lines.append(f"| {number} | {values} | {figure} | {len(trial.epochs)} | {trial.state} |")
    return "\n".join([*lines, "", f"Curves and the best values: data/search/{outcome.name}/index.html", ""])


def deployments(project: Project) -> list[RunnerDeployment]:
    """What the UI offers to start: the search of each pipeline of params.yaml that describes one."""
    made = [
        search.to_deployment(
            f"search {name}", parameters={"name": name}, entrypoint_type=EntrypointType.MODULE_PATH
        )
        for name in project.params().pipelines
        if project.pipeline(name).search is not None
    ]
    return cast("list[RunnerDeployment]", made)  # a coroutine only where a loop runs already
