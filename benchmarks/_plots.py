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
from matplotlib.ticker import NullFormatter

IMAGES = RESULTS.parent.parent / "docs" / "images"
BLUE, ORANGE, GREY = "#1e40af", "#c2410c", "#6b7280"
Results = dict[str, Any]


def draw_plots() -> None:
    """One picture per result that is there. Equal results give equal bytes."""
    matplotlib.use("svg")
    matplotlib.rcParams |= {
        "svg.hashsalt": "segdata",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
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
    time.yaxis.set_major_formatter("{x:g}")
    push.set(xscale="log", ylabel="MiB", title="to push", ylim=0)
    for axes in (time, push):
        axes.set_xlabel("photos in the set")
        axes.set_xticks(counts, [f"{count:,}" for count in counts])
        axes.minorticks_off()
    time.legend(frameon=False, fontsize=8)
    return figure


def epochs(results: Results) -> Any:
    """Samples per second of a shuffled epoch, a panel per size, a mark per contender and number of workers."""
    rows = results["side_by_side"]
    sizes = list(dict.fromkeys(tuple(row["size_hw"]) for row in rows))
    names = list(dict.fromkeys(row["contender"] for row in rows))
    figure, panels = plt.subplots(
        1, len(sizes), figsize=(8, 0.9 + 0.32 * len(names)), layout="constrained", squeeze=False, sharey=True
    )
    for axes, size_hw in zip(panels[0], sizes, strict=True):
        for workers, color, marker, side in ((0, BLUE, "o", 7), (2, ORANGE, "D", -8)):
            rates = {
                row["contender"]: row["samples_per_second"]["median"]
                for row in rows
                if tuple(row["size_hw"]) == size_hw and row["workers"] == workers
            }
            places = [names.index(name) for name in rates]
            axes.plot(list(rates.values()), places, marker, color=color, label=f"{workers} workers")
            for place, rate in zip(places, rates.values(), strict=True):
                style = {"fontsize": 7, "color": color, "ha": "center", "va": "center"}
                axes.annotate(f"{rate:,.0f}", (rate, place), (0, side), textcoords="offset points", **style)
        axes.set(xscale="log", xlabel="samples/s", title=f"{size_hw[0]} × {size_hw[1]}")
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_yticks(range(len(names)), names)
        axes.grid(axis="y", color="#e5e7eb")
        axes.margins(x=0.15, y=0.12)
    panels[0][0].invert_yaxis()
    panels[0][-1].legend(frameon=False, fontsize=8, loc="lower right")
    return figure


if __name__ == "__main__":
    draw_plots()
