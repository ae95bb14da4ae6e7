"""README.md of a packaged folder: the model card, with the front matter that a Hugging Face Space reads."""

from __future__ import annotations

from dataclasses import dataclass

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from segdata.prediction.onnx_file import Written
from segdata.project import Project
from segdata.report.inputs import ClassScore, read_evaluation
from segdata.serving.model import About, Metric

SHOWN = ("mean-iou", "pixel-accuracy", "mean-class-accuracy", "frequency-weighted-iou", "macro-dice")
UNSTATED = "other"
"""What Hugging Face calls a licence that is none of its list."""


@dataclass(frozen=True)
class Card:
    """What the card says besides what is known of the model.

    licence   identifier of Hugging Face's list (cc-by-4.0); UNSTATED: nobody said
    examples  photos of the set that lie in the folder
    """

    about: About
    written: Written
    licence: str
    examples: int
    classes: tuple[ClassScore, ...]
    published: Metric | None

    @property
    def metrics(self) -> list[Metric]:
        if self.about.scored is None:
            return []
        found = [self.about.scored.by(protocol) for protocol in SHOWN]
        return [metric for metric in [*found, self.published] if metric is not None]

    @property
    def weak(self) -> list[ClassScore]:
        """The classes that it finds worst, at most three, of those that were there to be found."""
        there = [one for one in self.classes if one.iou is not None and one.truth_pixels]
        return sorted(there, key=lambda one: one.iou or 0.0)[:3]


def card_of(project: Project, about: About, written: Written, licence: str, examples: int) -> Card:
    """Raises DataError for damaged scores."""
    evaluation = read_evaluation(project.evaluation_dir(about.name))
    stated = project.pipeline(about.name).published
    published = None
    if stated is not None and about.scored is not None and stated.protocol not in SHOWN:
        published = about.scored.by(stated.protocol)
    classes = evaluation.classes if evaluation is not None and about.scored is not None else ()
    return Card(about, written, licence, examples, classes, published)


def card_text(card: Card) -> str:
    """The whole README.md."""
    text = template_text("README.md.j2", card=card, about=card.about, unstated=UNSTATED)
    front = yaml.safe_dump(_front_matter(card), sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{front}---\n\n{text}"


def template_text(template: str, **values: object) -> str:
    """A file of the folder from its template."""
    pages = Environment(
        loader=PackageLoader("segdata.packaging", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    pages.filters.update(figure=_figure, cell=_cell)
    return pages.get_template(template).render(**values)


def _front_matter(card: Card) -> dict[str, object]:
    about = card.about
    front: dict[str, object] = {
        "title": about.title,
        "emoji": "🖍️",
        "colorFrom": "blue",
        "colorTo": "gray",
        "sdk": "docker",
        "app_port": 7860,
        "pinned": False,
        "license": card.licence,
        "pipeline_tag": "image-segmentation",
        "library_name": "onnx",
        "tags": ["image-segmentation", "semantic-segmentation", "segdata"],
    }
    if about.scored is not None and card.metrics:
        dataset = {
            "name": about.name,
            "type": about.name,
            "split": about.scored.split,
            "revision": about.shards,
        }
        metrics = [
            {"type": metric.protocol.replace("-", "_"), "value": metric.value, "name": metric.protocol}
            for metric in card.metrics
            if metric.value is not None
        ]
        result = {"task": {"type": "image-segmentation"}, "dataset": dataset, "metrics": metrics}
        front["model-index"] = [{"name": about.name, "results": [result]}]
    return front


def _figure(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3f}"


def _cell(text: str) -> str:
    """A name within a table of Markdown."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
