"""Write the README's table of figures from what `make repro` left in data/evaluation.

python docs/update_figures.py
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from segdata.project import Project

START, END = "<!-- figures: made by docs/update_figures.py from data/evaluation -->", "<!-- /figures -->"


def table(project: Project) -> str:
    """The table of pipelines in Markdown. Raises FileNotFoundError for a pipeline that has not been scored."""
    lines = [
        "| pipeline | format | model | scored on | pixel accuracy (95 % interval) | mean IoU (95 % interval) | majority class | position prior |",
        "|---|---|---|---|---:|---:|---:|---:|",
    ]
    for name, entry in project.params().pipelines.items():
        metrics = json.loads((project.evaluation_dir(name) / "metrics.json").read_text())
        intervals = {
            one["protocol"]: "{:.3f}–{:.3f}".format(*one["interval"]) for one in metrics["protocols"]
        }
        baselines = [metrics["baselines"][key]["mean_iou"] for key in ("majority_class", "position_prior")]
        lines.append(
            f"| `{name}` | {entry.format} | {entry.model} | {metrics['samples']} {metrics['split']} photos "
            f"| {metrics['pixel_accuracy']:.3f} ({intervals['pixel-accuracy']}) "
            f"| **{metrics['mean_iou']:.3f}** ({intervals['mean-iou']}) "
            f"| {baselines[0]:.3f} | {baselines[1]:.3f} |"
        )
    return "\n".join(lines)


def main() -> None:
    project = Project.find(Path(__file__).parent)
    readme = project.root / "README.md"
    text = re.sub(
        f"{re.escape(START)}.*?{re.escape(END)}",
        lambda _: f"{START}\n{table(project)}\n{END}",
        readme.read_text(),
        flags=re.S,
    )
    readme.write_text(text)


if __name__ == "__main__":
    main()
