"""The page of pipelines: the published results, what each departs from its report in, and the files themselves."""

from __future__ import annotations

from collections.abc import Iterator

from generate.docstrings import cell, escape, fence, table
from segdata.pipeline import Pipeline
from segdata.project import Project


def pages(project: Project) -> dict[str, str]:
    """published.md."""
    pipelines = {name: project.pipeline(name) for name in project.pipeline_names()}
    published = {name: one for name, one in pipelines.items() if one.published is not None}
    samples = {name: one for name, one in pipelines.items() if one.published is None}
    rows = [row for name, one in published.items() for row in _figures(name, one)]
    return {
        "published.md": "\n\n".join(
            [
                "# Published results",
                "Each published result is one file in `pipelines/`: data, model and training as the report states them, "
                "every departure from it in words, and the [protocol](protocols.md) by which the report computed its number.",
                table(("pipeline", "model", "data", "split", "figure", "published", "protocol"), rows),
                "± says how far ours may lie off and still count as the same; where it comes from stands in the file. "
                "Where no number stands in *published*, the report has curves only, and ours stands alone.",
                "## Reproduce one",
                fence("segdata reproduce unh-mininet", "console"),
                "says which photos to put where, and who has them. With the data in place the same command converts, "
                "trains and evaluates, and ends with a table: published, ours by the report’s protocol, ours by the "
                "standard one with its 95 % interval, and whether the two agree; beneath it each class, and in what the file "
                "departs from the report. Exit code 1: ours lies outside the tolerance. After Ctrl-C, the same command goes "
                "on.",
                "`published.settings` holds a digest of each section that the figures follow from. Where one says something "
                "else now (fewer epochs, to try it out), the verdict is *other settings*, and the exit code 1.",
                "A variant (a file with `base`) goes this road without DVC: a stage watches the sections of its pipeline's own "
                "file, and a variant’s stand in two. To watch both, each stage and each entry of `params.yaml` would have "
                "to name a second file, also where there is none. Where its shards and scores shall be versioned, write "
                "it whole, and reproduce that:",
                fence(
                    "segdata pipelines --show cityscapes-denseaspp-row1 > pipelines/row1-full.yaml\n"
                    "segdata reproduce row1-full",
                    "console",
                ),
                "`segdata overfit NAME` tells within minutes whether a network can learn at all: it trains on one photo.",
                "## The files",
                *(part for name, one in published.items() for part in _file(project, name, one)),
                "## Sample pipelines",
                "What `make repro` builds from drawn street scenes, one for each of four formats.",
                *(part for name, one in samples.items() for part in _file(project, name, one)),
            ]
        )
        + "\n"
    }


def _figures(name: str, pipeline: Pipeline) -> Iterator[tuple[str, ...]]:
    assert pipeline.published is not None
    stated = [figure for figure in pipeline.published.figures if figure.value is not None]
    for number, figure in enumerate(stated or pipeline.published.figures[:1]):
        first = number == 0
        yield (
            f"[`{name}`](#{name})" if first else "",
            pipeline.model.name if first else "",
            f"`{pipeline.source.root.removeprefix('data/raw/')}`" if first else "",
            figure.split,
            cell(figure.metric),
            "" if figure.value is None else f"{figure.value:.4f}".rstrip("0") + f" ± {figure.tolerance:g}",
            f"[`{figure.protocol}`](protocols.md#{figure.protocol})",
        )


def _file(project: Project, name: str, pipeline: Pipeline) -> Iterator[str]:
    text = project.pipeline_path(name).read_text(encoding="utf-8")
    yield f"### {name}"
    yield escape(f"{pipeline.title}.")
    if pipeline.published is not None:
        near = f"ours may lie {pipeline.published.tolerance:g} off it"
        stated = any(figure.value is not None for figure in pipeline.published.figures)
        yield escape(
            f"Published in {pipeline.published.where}; {near if stated else 'curves alone, no figure'}."
        )
    if pipeline.data is not None:
        yield table(
            ("", ""),
            [
                ("data", cell(pipeline.data.what)),
                ("where", cell(pipeline.data.where)),
                ("licence", cell(pipeline.data.licence)),
                ("put into", f"`{pipeline.source.root}/`"),
            ],
        )
    if pipeline.published is not None and pipeline.published.departures:
        yield "Departures from the report:"
        yield table(
            ("", ""), [(cell(subject), cell(why)) for subject, why in pipeline.published.departures.items()]
        )

    inside = "\n".join(f"    {line}" if line else "" for line in fence(text, "yaml").splitlines())
    yield f'??? note "pipelines/{name}.yaml"\n\n{inside}'
