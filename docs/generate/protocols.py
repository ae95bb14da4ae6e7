"""The page of protocols: formulas, what the docstrings say, who used which, and one small example by all of them."""

from __future__ import annotations

import ast
import io
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import segdata.evaluation.protocols as protocols
from generate.docstrings import escape, lead, rest, table
from generate.formulas import mathml
from segdata.evaluation.pixel_sums import PixelSums
from segdata.evaluation.protocols import PROTOCOLS, score
from segdata.ontology import IGNORE_INDEX
from segdata.project import Project

Mask = NDArray[np.uint8]
Pair = tuple[Mask, Mask]
"""One mask for each of the two photos."""

CLASSES, COLORS = ("road", "building", "person"), ((128, 64, 128), (70, 70, 70), (220, 20, 60))
VOID_COLOR, SCALE = (245, 245, 245), 2
SUBSCRIPT = re.compile(r"\b([A-Za-zΣ]+)\\?_([ijd]{1,2})\b")


def pages(project: Project) -> dict[str, str]:
    """protocols.md."""
    document = ast.get_docstring(ast.parse(Path(protocols.__file__).read_text(encoding="utf-8")))
    notation = [part for part in rest(document).split("\n\n") if part.startswith("Below")]
    assert notation, "segdata.evaluation.protocols no longer says what n_ij is"
    return {
        "protocols.md": "\n\n".join(
            [
                "# Protocols",
                "A protocol is how a figure was computed. Two reports that both say “mean IoU” may have counted in "
                "different ways, and then their numbers cannot be compared. So every way has a name here, each report’s "
                "own way too, and `segdata evaluate` prints them side by side with a 95 % interval (bootstrap over photos).",
                _math(notation[0]),
                "## One prediction by every protocol",
                _example(),
                "## The protocols",
                *(_protocol(name, project) for name in PROTOCOLS),
            ]
        )
        + "\n"
    }


def _protocol(name: str, project: Project) -> str:
    document = PROTOCOLS[name].figure.__doc__
    return "\n\n".join(
        part
        for part in (
            f"### {name}",
            mathml(name),
            _math(lead(document)),
            *(_math(part) for part in rest(document).split("\n\n")),
            _used_by(name, project),
        )
        if part
    )


def _math(text: str) -> str:
    """A paragraph, with t_i as people write it."""
    return SUBSCRIPT.sub(r"*\1*<sub>\2</sub>", escape(text))


def _used_by(protocol: str, project: Project) -> str:
    """The published results whose number was computed so."""
    users = []
    for name in project.pipeline_names():
        published = project.pipeline(name).published
        if published is not None and any(
            one.protocol == protocol and one.value is not None for one in published.figures
        ):
            users.append(f"[`{name}`](published.md#{name})")
    return f"Published so: {', '.join(users)}." if users else ""


def scenes() -> tuple[Pair, dict[str, Pair]]:
    """The truth of two small photos, and predictions of them: what is wrong → both masks, uint8 (40, 60)."""
    first = np.zeros((40, 60), np.uint8)
    first[:16] = 1
    first[:16, 44:] = IGNORE_INDEX
    second = first.copy()
    first[12:24, 20:25] = 2
    truth = (first, second)

    def with_void(value: int, pair: Pair = truth) -> Pair:
        return tuple(np.where(one == IGNORE_INDEX, value, one).astype(np.uint8) for one in pair)  # type: ignore[return-value]

    right = with_void(1)
    return truth, {
        "all right": right,
        "void is road": with_void(0),
        "2 pixels off": tuple(np.roll(one, 2, axis=1) for one in right),  # type: ignore[dict-item]
        "person missed": tuple(np.where(one == 2, 0, one).astype(np.uint8) for one in right),  # type: ignore[dict-item]
        "all road": (np.zeros_like(first), np.zeros_like(first)),
    }


def figures() -> dict[str, dict[str, float]]:
    """Protocol → what is wrong → its figure on the two photos."""
    truth, predictions = scenes()
    sums = {
        wrong: PixelSums.stack([PixelSums.of(*both, len(CLASSES)) for both in zip(truth, pair, strict=True)])
        for wrong, pair in predictions.items()
    }
    return {name: {wrong: score(name, one).value for wrong, one in sums.items()} for name in PROTOCOLS}


def _example() -> str:
    by_protocol = figures()
    wrongs = list(next(iter(by_protocol.values())))
    rows = [
        ("", *(f"![Prediction: {wrong}]({picture_name(wrong)})" for wrong in wrongs)),
        *(
            (f"[`{name}`](#{name})", *(f"{values[wrong]:.3f}" for wrong in wrongs))
            for name, values in by_protocol.items()
        ),
    ]
    return "\n\n".join(
        [
            "Two photos of 40 × 60 pixels with road, building, one small person, and a corner that nobody labelled. "
            "The truth:",
            f"![Truth: two photos, the unlabelled corner in white]({picture_name('truth')})",
            "Five predictions, each wrong in one way, and their figures:",
            table(("protocol", *wrongs), rows),
            "What to see in it",
            "- A missed person costs the accuracies next to nothing, and the means over classes a third: there each "
            "class weighs the same, however few its pixels.\n"
            "- Means over photos halve that loss, as the second photo has no person to miss.\n"
            "- Outlines that are two pixels off hardly show in the accuracies; `boundary-iou` looks at nothing else.\n"
            "- What stands where nobody labelled moves `onehot-accuracy`, `jaccard-20` and `void-as-error-miou` alone; by "
            "`accuracy-20` a network that cannot say void is wrong there, whatever it says.\n"
            "- `index-dice` gives a perfect prediction about a half: it is no dice score, and is kept only to be compared "
            "with the report that used it.",
        ]
    )


def picture_name(of: str) -> str:
    return f"images/protocols/{of.replace(' ', '-')}.png"


def pictures() -> dict[str, bytes]:
    """Address → PNG: the truth of the example, and each prediction, one photo below the other."""
    palette = np.full((256, 3), VOID_COLOR, np.uint8)
    palette[: len(COLORS)] = COLORS
    truth, predictions = scenes()
    return {
        picture_name(of): _png(np.vstack([_framed(palette[one]) for one in pair]))
        for of, pair in {"truth": truth, **predictions}.items()
    }


def _png(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", optimize=True)
    return file.getvalue()


def _framed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    large = image.repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    return np.pad(large, ((1, 1), (1, 1), (0, 0)), constant_values=160)
