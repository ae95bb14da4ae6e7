"""The pages around the Gradio page: the result as it is shown, the plain form at /prediction, the API's documentation.

Names of files and classes come from strangers; the templates escape every one of them. No page loads anything from
elsewhere: FastAPI's own documentation pages would.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from segdata.ontology import Ontology
from segdata.serving.answers import shares
from segdata.serving.limits import Limits
from segdata.serving.model import About
from segdata.serving.openapi import EXAMPLE_URL
from segdata.serving.service import Predicted

_PAGES = Environment(
    loader=PackageLoader("segdata.serving", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _percent(share: float) -> str:
    """0.0312 → "3.1 %"; what is there and rounds to nothing is "<0.1 %"."""
    if not share:
        return "0 %"
    return "<0.1 %" if share < 0.0005 else f"{share * 100:.1f} %"


def _rgb(color: tuple[int, int, int]) -> str:
    return "#" + "".join(f"{part:02x}" for part in color)


_PAGES.filters.update(percent=_percent, rgb=_rgb)


def header_html(about: About) -> str:
    """The top of the page: what is served, and how good it is."""
    return _render("header.html.j2", about=about)


def result_html(predicted: Predicted, key: str) -> str:
    """The photo with the mask over it, of the result kept under `key`."""
    height, width = predicted.mask.shape
    return _render("result.html.j2", predicted=predicted, key=key, width=width, height=height)


def legend_html(ontology: Ontology, predicted: Predicted | None = None, key: str = "") -> str:
    """All classes in id order, with their shares and the downloads where there is a prediction: nothing moves."""
    found = shares(predicted.mask) if predicted else {}
    rows = [
        (label.name, label.color, found.get(class_id, 0.0) if predicted else None)
        for class_id, label in enumerate(ontology.labels)
    ]
    return _render("legend.html.j2", predicted=predicted, key=key, rows=rows)


def problem_html(message: str) -> str:
    """An error in the place of a result."""
    return _render("problem.html.j2", message=message)


def plain_page(about: About, *, result: str = "", legend: str = "", problem: str = "", limits: Limits) -> str:
    """The form at /prediction, with a result or a problem below it. The parts are HTML of the functions above."""
    return _render("plain.html.j2", about=about, result=result, legend=legend, problem=problem, limits=limits)


def docs_page(about: About, schema: Mapping[str, Any], limits: Limits, url: str) -> str:
    """What /openapi.json says, for people, with commands to copy for a server at `url`."""
    operations = [
        {
            **operation,
            "method": method.upper(),
            "path": path,
            "example": operation.get("x-example", "").replace(EXAMPLE_URL, url),
        }
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    return _render("docs.html.j2", about=about, operations=operations, limits=limits.lines())


def _render(template: str, **values: object) -> str:
    return _PAGES.get_template(template).render(**values)
