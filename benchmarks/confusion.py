"""Confusion matrices of 512x1024 batches against torchmetrics', over the same pixels, exactly equal.

python benchmarks/confusion.py

Contenders take turns within each round over the same batches of 19 classes and 255, which look like predictions do:
patches of a class, a fifth of the pixels wrong, a twentieth without a true class.

torchmetrics            MulticlassConfusionMatrix(num_classes=19, ignore_index=255), as it comes
torchmetrics, no check  the same with validate_args=False
segdata, arrays         ConfusionMatrix.update of numpy arrays; values that are no class are found
segdata, tensors        the same of torch tensors on the CPU

All get uint8 masks, as shards and predictions have them. With --device cuda, the tensors lie there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from _report import hardware, spread, versions, write_results
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics.classification import MulticlassConfusionMatrix

from segdata.evaluation.confusion import ConfusionMatrix

SIZE_HW = (512, 1024)
BATCH_SIZE = 8
NUM_CLASSES = 19
SEED = 2012
Mask = NDArray[np.uint8]


def draw_batch(random: np.random.Generator) -> tuple[Mask, Mask]:
    """Truth and prediction, uint8 (N, H, W)."""
    patches = random.integers(0, NUM_CLASSES, (BATCH_SIZE, SIZE_HW[0] // 16, SIZE_HW[1] // 16))
    truth = np.repeat(np.repeat(patches, 16, axis=1), 16, axis=2).astype(np.uint8)
    prediction = truth.copy()
    wrong = random.random(truth.shape) < 0.2
    prediction[wrong] = random.integers(0, NUM_CLASSES, int(wrong.sum()))
    truth[random.random(truth.shape) < 0.05] = 255
    return truth, prediction


def contenders(batches: list[tuple[Mask, Mask]], device: str) -> dict[str, Callable[[], NDArray[np.int64]]]:
    """Each counts all batches anew and gives int64 (C, C), rows = truth."""
    tensors = [tuple(torch.from_numpy(mask).to(device) for mask in batch) for batch in batches]

    def of_torchmetrics(validate: bool) -> Callable[[], NDArray[np.int64]]:
        def count() -> NDArray[np.int64]:
            metric = MulticlassConfusionMatrix(NUM_CLASSES, ignore_index=255, validate_args=validate).to(
                device
            )
            for truth, prediction in tensors:
                metric.update(prediction, truth)
            return np.asarray(metric.compute().cpu().numpy(), np.int64)

        return count

    def of_segdata(
        pairs: list[tuple[Mask, Mask]] | list[tuple[Tensor, ...]],
    ) -> Callable[[], NDArray[np.int64]]:
        def count() -> NDArray[np.int64]:
            matrix = ConfusionMatrix(NUM_CLASSES)
            for truth, prediction in pairs:
                matrix.update(truth, prediction)
            return matrix.counts

        return count

    return {
        "torchmetrics": of_torchmetrics(True),
        "torchmetrics, no check": of_torchmetrics(False),
        "segdata, arrays": of_segdata(batches),
        "segdata, tensors": of_segdata(tensors),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--batches", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    random = np.random.default_rng(SEED)
    batches = [draw_batch(random) for _ in range(arguments.batches)]
    everyone = contenders(batches, arguments.device)
    counts = {name: count() for name, count in everyone.items()}  # the first round warms up, and must agree
    for name, found in counts.items():
        assert (found == counts["torchmetrics"]).all(), f"{name} counts otherwise"
    pixels = arguments.batches * BATCH_SIZE * SIZE_HW[0] * SIZE_HW[1]
    rates: dict[str, list[float]] = {name: [] for name in everyone}
    for turn in range(arguments.rounds):
        names = [*list(everyone)[turn % 4 :], *list(everyone)[: turn % 4]]  # nobody always goes first
        for name in names:
            start = time.perf_counter()
            everyone[name]()
            rates[name].append(pixels / 1e6 / (time.perf_counter() - start))
    print("| contender | megapixels/s (min-max) | ratio to torchmetrics in the same round (min-max) |")
    print("|---|---:|---:|")
    results = []
    for name, values in rates.items():
        rate = spread(values, 1)
        ratio = spread([mine / base for mine, base in zip(values, rates["torchmetrics"], strict=True)], 2)
        print(
            f"| {name} | {rate['median']:,.0f} ({rate['min']:,.0f}-{rate['max']:,.0f}) "
            f"| {ratio['median']:.1f} ({ratio['min']:.1f}-{ratio['max']:.1f}) |"
        )
        results.append({"contender": name, "megapixels_per_second": rate, "ratio_to_torchmetrics": ratio})
    write_results(
        __file__,
        {
            "what": "confusion matrices of uint8 batches, megapixels per second; counts of all contenders are equal",
            "hardware": hardware(),
            "device": arguments.device,
            "threads": torch.get_num_threads(),
            "versions": versions("numpy", "torch", "torchmetrics"),
            "size_hw": SIZE_HW,
            "batch_size": BATCH_SIZE,
            "batches": arguments.batches,
            "classes": NUM_CLASSES,
            "runs": arguments.rounds,
            "results": results,
        },
    )


if __name__ == "__main__":
    main()
