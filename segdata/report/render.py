"""A page of its own: a template of a package beside the report's style, rendered into one file that opens anywhere.

Names come from strangers; every value is escaped. The same values give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

from segdata.atomic import replace_file
from segdata.errors import MissingExtraError
from segdata.report.text import count, fixed, percent, rgb, score, share, signed
from segdata.wording import counted


def write_page(path: Path, package: str, template: str, **values: object) -> None:
    """Write `template` of `package`/templates, with the report's filters and report.css at hand.

    Raises MissingExtraError without jinja2.
    """
    try:
        from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("jinja2", "train", f"the page {path.name}") from error
    environment = Environment(
        loader=ChoiceLoader(
            [PackageLoader(package, "templates"), PackageLoader("segdata.report", "templates")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        fixed=fixed,
        score=score,
        signed=signed,
        percent=percent,
        count=count,
        plural=counted,
        rgb=rgb,
        share=share,
    )
    html = environment.get_template(template).render(**values)
    with replace_file(path) as temporary:
        temporary.write_text(html, encoding="utf-8", newline="\n")
