"""A small project as conversion, training and evaluation leave it, written by hand."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segdata.digests import file_digest
from segdata.evaluation.origin import Origin
from segdata.ontology import ontology_of_names
from segdata.project import Project
from segdata.shards.manifest import Manifest, write_manifest
from segdata.shards.schema import MANIFEST, SampleRow, SetMetadata, ShardEntry
from segdata.shards.writer import ShardWriter

PIPELINE = """
title: {title}
source:
  format: via
  root: data/raw/x
  ontology: {{{ontology}}}
  splits: {{method: hash, shares: {{train: 0.5, val: 0.25, test: 0.25}}}}
shards: {{size_hw: [{height}, {width}]}}
model: {{name: {model}}}
train: {{epochs: 3, batch_size: 2, optimizer: sgd, lr: 0.03, seed: 7}}
{more}
"""


@dataclass
class Fake:
    """Writes the files of one pipeline; scores are computed from the masks, so that a test can compare values."""

    project: Project
    name: str
    names: tuple[str, ...]
    size_hw: tuple[int, int] = (6, 8)
    samples: dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]] = field(default_factory=dict)

    @property
    def colors(self) -> tuple[tuple[int, int, int], ...]:
        return ontology_of_names("x", self.names).palette

    def write_pipeline(self, title: str = "A title", model: str = "mininet", more: str = "") -> None:
        listed = ", ".join(
            f"{json.dumps(n)}: {list(c)}" for n, c in zip(self.names, self.colors, strict=True)
        )
        text = PIPELINE.format(
            title=json.dumps(title),
            ontology=listed,
            height=self.size_hw[0],
            width=self.size_hw[1],
            model=model,
            more=more,
        )
        (self.project.root / "pipelines" / f"{self.name}.yaml").write_text(text)

    def write_shards(self, splits: dict[str, dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]]]) -> None:
        """splits: {split: {id: (image, mask)}}."""
        folder = self.project.shards_dir(self.name)
        metadata = SetMetadata.of(
            ontology_of_names("x", self.names, self.colors), self.size_hw, "area", "via"
        )
        entries, rows = [], []
        for split, samples in splits.items():
            writer = ShardWriter(folder, split, metadata, len(samples))
            for id, (image, mask) in sorted(samples.items()):
                writer.append(id, image, mask, (f"photo {id}", f"annotation {id}"), (480, 640))
            finished = writer.finish()
            assert finished is not None
            entries.append(finished[0])
            rows += finished[1]
        write_manifest(folder, Manifest(_with_shards(metadata, entries), _sorted(rows)))

    def write_run(self, rows: list[tuple[object, ...]], best: int, shards: str | None = None) -> None:
        """rows: epoch, train_loss, val_loss, val_mean_iou, val_pixel_accuracy, lr."""
        folder = self.project.run_dir(self.name)
        folder.mkdir(parents=True, exist_ok=True)
        header = ("epoch", "train_loss", "val_loss", "val_mean_iou", "val_pixel_accuracy", "lr")
        write_csv(folder / "curves.csv", header, rows)
        record = {
            "format_version": 1,
            "model": "mininet",
            "seed": 7,
            "epochs": len(rows),
            "best_epoch": best,
            "select": "mean_iou",
            "shards": shards or file_digest(self.project.shards_dir(self.name) / MANIFEST),
        }
        (folder / "model.json").write_text(json.dumps(record))
        (folder / "model.safetensors").write_bytes(json.dumps(rows).encode())  # never loaded here

    def write_evaluation(
        self,
        truths: dict[str, NDArray[np.uint8]],
        predictions: dict[str, NDArray[np.uint8]],
        **changed: object,
    ) -> dict[str, object]:
        """Score predictions against truths, write the folder, and return the metrics written."""
        count = len(self.names)
        folder = self.project.evaluation_dir(self.name)
        (folder / "predictions").mkdir(parents=True, exist_ok=True)
        total = sum(confusion(truths[id], predictions[id], count) for id in truths)
        assert isinstance(total, np.ndarray)
        iou, accuracy = scores(total)
        write_csv(
            folder / "per_class.csv",
            ("class", "truth_pixels", "predicted_pixels", "iou", "accuracy"),
            list(zip(self.names, total.sum(1), total.sum(0), iou, accuracy, strict=True)),
        )
        pairs = [(t, p, total[i, j]) for i, t in enumerate(self.names) for j, p in enumerate(self.names)]
        write_csv(folder / "confusion.csv", ("truth", "prediction", "pixels"), pairs)
        photos = []
        for id, truth in truths.items():
            one = confusion(truth, predictions[id], count)
            photos.append(
                (
                    id,
                    np.trace(one) / one.sum(),
                    np.nanmean(scores(one)[0]),
                    int((one.sum(0) + one.sum(1) > 0).sum()),
                )
            )
            write_mask(folder / "predictions" / f"{id.replace('/', '__')}.png", predictions[id], self.colors)
        write_csv(folder / "per_photo.csv", ("id", "pixel_accuracy", "mean_iou", "classes"), photos)
        ranked = sorted(photos, key=lambda row: -row[2])
        why = ["best", *["between"] * (len(ranked) - 2), "worst"][: len(ranked)]
        shown = [(row[0], index + 1, why[index]) for index, row in enumerate(ranked)]
        write_csv(folder / "shown.csv", ("id", "rank", "why"), shown)
        mean = float(np.nanmean(iou))
        metrics: dict[str, object] = {
            "split": "test",
            "samples": len(truths),
            "size_hw": self.size_hw,
            "mean_iou": mean,
            "mean_iou_interval": [mean - 0.04, min(1.0, mean + 0.03)],
            "pixel_accuracy": float(np.trace(total) / total.sum()),
            "mean_class_accuracy": float(np.nanmean(accuracy)),
            "frequency_weighted_iou": float(np.nansum(iou * total.sum(1)) / total.sum()),
            "absent_classes": [n for n, value in zip(self.names, iou, strict=True) if np.isnan(value)],
            "void_class": None,
            "baselines": {
                "majority_class": {"mean_iou": 0.031, "pixel_accuracy": 0.301},
                "position_prior": {"mean_iou": 0.211, "pixel_accuracy": 0.602},
            },
            "mean_iou_above_best_baseline": mean - 0.211,
            "shards_of_training": "same",
            "protocols": [
                {
                    "protocol": "pixel-accuracy",
                    "value": float(np.trace(total) / total.sum()),
                    "interval": [0.123, 0.987],
                }
            ],
        } | changed
        (folder / "metrics.json").write_text(json.dumps(metrics))
        return metrics

    def note_origin(self) -> None:
        """Note that the scores are of the shards and weights that lie here now."""
        origin = Origin(
            shards=file_digest(self.project.shards_dir(self.name) / MANIFEST),
            weights=file_digest(self.project.run_dir(self.name) / "model.safetensors"),
        )
        (self.project.evaluation_dir(self.name) / "scored.json").write_bytes(origin.encoded())

    def write_check(self, samples: dict[str, int], findings: list[dict[str, str]]) -> None:
        path = self.project.check_path(self.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"samples": samples, "findings": findings}))


def _with_shards(metadata: SetMetadata, entries: list[ShardEntry]) -> SetMetadata:
    return msgspec.structs.replace(metadata, shards=tuple(entries))


def _sorted(rows: list[SampleRow]) -> tuple[SampleRow, ...]:
    return tuple(sorted(rows, key=lambda row: (row.split, row.id)))


def write_csv(path: Path, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def write_mask(path: Path, mask: NDArray[np.uint8], palette: tuple[tuple[int, int, int], ...]) -> None:
    picture = Image.fromarray(mask).convert("P")
    picture.putdata(mask.ravel().tolist())
    picture.putpalette([part for color in palette for part in color])
    picture.save(path)


def confusion(truth: NDArray[np.uint8], prediction: NDArray[np.uint8], count: int) -> NDArray[np.int64]:
    scored = truth != 255
    joint = truth[scored].astype(np.int64) * count + prediction[scored]
    return np.bincount(joint, minlength=count * count).reshape(count, count)


def scores(total: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """IoU and accuracy per class, NaN where undefined."""
    union = total.sum(0) + total.sum(1) - np.diag(total)
    truth = total.sum(1)
    iou = np.array([np.trace(total[[i]][:, [i]]) / u if u else np.nan for i, u in enumerate(union)])
    accuracy = np.array([total[i, i] / t if t else np.nan for i, t in enumerate(truth)])
    return iou, accuracy
