"""Draw docs/road.png, the README's picture, from what `make repro` left in data/.

python docs/make_picture.py
"""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from segdata.project import Project
from segdata.shards import ShardSet

NAME, ID = "sample-via", "IMG_0025"


def main() -> None:
    project = Project.find(Path(__file__).parent)
    split = ShardSet.open(project.shards_dir(NAME)).split("test")
    shards = ShardSet.open(project.shards_dir(NAME))
    index = split.ids.index(ID)
    raw = project.root / "data/raw/sample-via"
    entries = json.loads((raw / "via_region_data.json").read_text())
    entry = next(entry for entry in entries.values() if entry["filename"] == f"{ID}.jpg")
    colors = shards.ontology.color_table()
    prediction = np.asarray(Image.open(project.evaluation_dir(NAME) / "predictions" / f"{ID}.png"))

    figure, axes = plt.subplots(
        1, 4, figsize=(12, 3.0), dpi=110, width_ratios=[1.25, 1.25, 1.25, 0.8], layout="constrained"
    )
    titles = (
        "annotated photos\nVIA · MATLAB · Cityscapes · VOC",
        "Arrow shards\nuint8 tensors, exact masks",
        "trained model\non held-out photos",
        "scored, with baselines\nand every doubt listed",
    )
    axes[0].imshow(Image.open(raw / "photos" / f"{ID}.jpg"))
    for region in entry["regions"]:
        shape = region["shape_attributes"]
        name = region["region_attributes"]["type"]
        line = np.array([shape["all_points_x"], shape["all_points_y"]])
        color = colors[shards.ontology.id_of(name)] / 255
        axes[0].plot(*np.concatenate([line, line[:, :1]], axis=1), color=color, linewidth=1.1)
    axes[1].imshow(colors[split.mask_at(index)])
    image = split.image_at(index).astype(float)
    axes[2].imshow((0.45 * image + 0.55 * colors[prediction]).astype(np.uint8))
    metrics = json.loads((project.evaluation_dir(NAME) / "metrics.json").read_text())
    bars = {
        "majority class": metrics["baselines"]["majority_class"]["mean_iou"],
        "position prior": metrics["baselines"]["position_prior"]["mean_iou"],
        "model": metrics["mean_iou"],
    }
    axes[3].barh(list(bars), list(bars.values()), color=["#9aa5b1", "#9aa5b1", "#2456c4"], height=0.6)
    for row, value in enumerate(bars.values()):
        axes[3].text(value + 0.02, row, f"{value:.2f}", va="center", fontsize=9)
    axes[3].set(xlim=(0, 1), xticks=[0, 0.5, 1])
    axes[3].set_xlabel("mean IoU", fontsize=9)
    axes[3].tick_params(labelsize=9)
    axes[3].spines[["top", "right"]].set_visible(False)
    for axis, title in zip(axes, titles, strict=True):
        axis.set_title(title, fontsize=10)
    for axis in axes[:3]:
        axis.axis("off")
    figure.savefig(Path(__file__).with_name("road.png"), metadata={"Software": None})


if __name__ == "__main__":
    main()
