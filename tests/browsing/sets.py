"""Makes what the tests of the page look at."""

from __future__ import annotations

from pathlib import Path

from segdata.project import Project
from segdata.shards import ShardSet
from tests.projects import convert, sample_project

LOGITS = (0.0, 1.5, 0.0, -1.0, 0.5, 0.0, 2.0, 0.0, -0.5)
"""Of the nine classes of the street, at every pixel of every photo."""


def street(root: Path) -> Project:
    project = sample_project(root, "via")
    convert(project, "via")
    return project


def write_run(project: Project) -> None:
    """A trained run whose network answers LOGITS, whatever it sees. Needs torch."""
    import torch

    from segdata.evaluation.run import Normalisation, RunRecord, ValFigures
    from segdata.models import build_model
    from segdata.models.weights import save_weights

    shards = ShardSet.open(project.shards_dir("via"))
    options: dict[str, object] = {"channels": [2, 2]}
    network = build_model("mini_unet", len(LOGITS), options)
    with torch.no_grad():
        network.get_parameter("head.weight").zero_()
        network.get_parameter("head.bias").copy_(torch.tensor(LOGITS))
    record = RunRecord(
        model="mini_unet",
        options=options,
        classes=tuple((label.name, label.color) for label in shards.ontology.labels),
        size_hw=shards.size_hw,
        normalisation=Normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        seed=0,
        epochs=1,
        best_epoch=1,
        select="mean_iou",
        val=ValFigures(None, None, None),
        shards=shards.digest,
    )
    folder = project.run_dir("via")
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(folder / "model.safetensors", network, {})
    (folder / "model.json").write_bytes(record.encoded())
