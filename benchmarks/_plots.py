"""Draw docs/images/shards-*.svg and loader-*.svg from results/shards.json and results/loader.json.

python benchmarks/_plots.py          the two benchmarks do it at their end, too
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
from _report import RESULTS

IMAGES = RESULTS.parent.parent / "docs" / "images"
BLUE, ORANGE, GREY = "#1e40af", "#c2410c", "#6b7280"
Results = dict[str, Any]


def draw_plots() -> None:
    """One picture per result that is there. Equal results give equal bytes."""
    matplotlib.use("svg")
    matplotlib.rcParams |= {
        "svg.hashsalt": "segdata",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    plots: dict[str, tuple[str, Callable[[Results], Any]]] = {
        "shards-cost.svg": ("shards", change_cost),
        "loader-epochs.svg": ("loader", epochs),
    }
    for name, (results, draw) in plots.items():
        path = RESULTS / f"{results}.json"
        if path.is_file():
            figure = draw(json.loads(path.read_text(encoding="utf-8")))
            figure.savefig(IMAGES / name, metadata={"Date": None})
            plt.close(figure)
            print(f"drawn: docs/images/{name}")


def change_cost(results: Results) -> Any:
    """Seconds and pushed MiB of ten more photos, and of a full conversion, by the size of the set."""
    rows = results["by_photos"]
    counts = [int(count) for count in rows]
    figure, (time, push) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    lines = (
        ("full", "full conversion", GREY, "o"),
        ("roll", "10 more, a camera roll", BLUE, "s"),
        ("scattered", "10 more, scattered", ORANGE, "^"),
    )
    for key, label, color, marker in lines:
        seconds = [row["full_seconds"] if key == "full" else row[key]["seconds"] for row in rows.values()]
        time.plot(counts, [one["median"] for one in seconds], color=color, marker=marker, label=label)
        if key != "full":
            mib = [row[key]["push_mib"] for row in rows.values()]
            push.plot(counts, mib, color=color, marker=marker, label=label)
    time.set(xscale="log", yscale="log", ylabel="seconds", title="converting")
    push.set(xscale="log", ylabel="MiB", title="to push", ylim=0)
    for axes in (time, push):
        axes.set_xlabel("photos in the set")
        axes.set_xticks(counts, [f"{count:,}" for count in counts])
        axes.minorticks_off()
    time.legend(frameon=False, fontsize=8)
    return figure


def epochs(results: Results) -> Any:
    """Samples per second of a shuffled epoch, a panel per size, bars per contender and number of workers."""
    rows = results["side_by_side"]
    sizes = list(dict.fromkeys(tuple(row["size_hw"]) for row in rows))
    names = list(dict.fromkeys(row["contender"] for row in rows))
    figure, panels = plt.subplots(
        1, len(sizes), figsize=(8, 0.6 + 0.38 * len(names)), layout="constrained", squeeze=False, sharey=True
    )
    for axes, size_hw in zip(panels[0], sizes, strict=True):
        for shift, workers, color in ((-0.2, 0, BLUE), (0.2, 2, ORANGE)):
            rates = {
                row["contender"]: row["samples_per_second"]["median"]
                for row in rows
                if tuple(row["size_hw"]) == size_hw and row["workers"] == workers
            }
            places = [names.index(name) + shift for name in rates]
            bars = axes.barh(places, list(rates.values()), 0.38, color=color, label=f"{workers} workers")
            axes.bar_label(bars, [f"{rate:,.0f}" for rate in rates.values()], padding=2, fontsize=7)
        axes.set(xscale="log", xlabel="samples/s", title=f"{size_hw[0]} × {size_hw[1]}")
        axes.set_yticks(range(len(names)), names)
        axes.margins(x=0.25)
    panels[0][0].invert_yaxis()
    panels[0][-1].legend(frameon=False, fontsize=8, loc="lower right")
    return figure


if __name__ == "__main__":
    draw_plots()
